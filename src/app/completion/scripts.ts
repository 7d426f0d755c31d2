// What a shell has to be told so that Tab asks `postrider complete`: one script a shell, to be read by it at its start.

export const COMPLETION_SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type CompletionShell = (typeof COMPLETION_SHELLS)[number];

export function completionScript(shell: CompletionShell): string {
  return SCRIPTS[shell];
}

/** Bash splits words at : and =, too, and replaces only what stands behind the last of them; an @ in front it keeps. */
const BASH = `# postrider completion for bash. In ~/.bashrc:  source <(postrider completion bash)
_postrider() {
  local line="\${COMP_LINE:0:COMP_POINT}" reply value kept paths='' all_open=1
  local last="\${line##*[[:space:]]}" breaks="\${COMP_WORDBREAKS//[[:space:]@]/}" cut
  cut="\${last%"\${last##*["$breaks"]}"}"
  COMPREPLY=()
  while IFS= read -r reply; do
    case "$reply" in
      :files|:folders) paths="\${reply:1}"; continue ;;
    esac
    value="\${reply%%$'\\t'*}"
    case "$value" in *=|*/|@*) ;; *) all_open=0 ;; esac
    printf -v kept '%q' "\${value#"$cut"}"
    case "$value" in *[[:space:]\\'\\"\\\\]*) ;; *) kept="\${value#"$cut"}" ;; esac
    COMPREPLY+=("$kept")
  done < <("\${COMP_WORDS[0]}" complete --line "$line" 2>/dev/null)
  if [[ -n $paths ]]; then
    compopt -o filenames 2>/dev/null
    local kind=-f
    [[ $paths == folders ]] && kind=-d
    while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen "$kind" -- "\${COMP_WORDS[COMP_CWORD]}")
  elif (( all_open && \${#COMPREPLY[@]} > 0 )); then
    compopt -o nospace 2>/dev/null
  fi
}
complete -F _postrider postrider
`;

const ZSH = `#compdef postrider
# postrider completion for zsh. In ~/.zshrc, after compinit:  source <(postrider completion zsh)
_postrider() {
  local -a shown values open_shown open_values
  local line value about paths
  for line in "\${(@f)$("\${words[1]}" complete --line "\${(j: :)\${words[1,CURRENT-1]}} $PREFIX" 2>/dev/null)}"; do
    case $line in
      (:files|:folders) paths=\${line#:}; continue ;;
      ('') continue ;;
    esac
    value=\${line%%$'\\t'*}
    about=\${line#*$'\\t'}
    [[ -n $about ]] && about="$value  -- $about" || about=$value
    case $value in
      (*=|*/|@*) open_values+=("$value"); open_shown+=("$about") ;;
      (*) values+=("$value"); shown+=("$about") ;;
    esac
  done
  (( $#values )) && compadd -l -d shown -- "\${values[@]}"
  (( $#open_values )) && compadd -l -S '' -d open_shown -- "\${open_values[@]}"
  case $paths in
    (files) _files ;;
    (folders) _files -/ ;;
  esac
}
if [[ \${funcstack[1]} == _postrider ]]; then _postrider "$@"; else compdef _postrider postrider; fi
`;

const FISH = `# postrider completion for fish. Once:  postrider completion fish > ~/.config/fish/completions/postrider.fish
function __postrider_complete
  set -l words (commandline -opc)
  set -l word (commandline -ct)
  for line in (command $words[1] complete --line (string join ' ' -- (string escape -- $words) $word) 2>/dev/null)
    switch $line
      case ':files'
        __fish_complete_path $word
      case ':folders'
        __fish_complete_directories $word
      case '*'
        echo $line
    end
  end
end
complete -c postrider -f -a '(__postrider_complete)'
`;

/** A word that begins with @ is quoted: bare, PowerShell would splat a variable. */
const POWERSHELL = `# postrider completion for PowerShell. In $PROFILE:  postrider completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName postrider -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $typed = $cursorPosition - $commandAst.Extent.StartOffset
  $line = $commandAst.Extent.Text.PadRight($typed).Substring(0, $typed)
  & $commandAst.CommandElements[0].Value complete --line $line 2>$null | ForEach-Object {
    if ($_ -eq ':files' -or $_ -eq ':folders') {
      $word = $wordToComplete.Trim("'", '"')
      Get-ChildItem -Path "$word*" -Directory:($_ -eq ':folders') -ErrorAction SilentlyContinue | ForEach-Object {
        $path = Join-Path (Split-Path $word) $_.Name
        $text = if ($path -match "[\\s']") { "'" + $path.Replace("'", "''") + "'" } else { $path }
        [System.Management.Automation.CompletionResult]::new($text, $_.Name, 'ProviderItem', $path)
      }
    } else {
      $value, $about = $_ -split "\`t", 2
      $text = if ($value -match "[\\s@']") { "'" + $value.Replace("'", "''") + "'" } else { $value }
      $tip = if ($about) { $about } else { $value }
      [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $tip)
    }
  }
}
`;

const SCRIPTS: Readonly<Record<CompletionShell, string>> = { bash: BASH, zsh: ZSH, fish: FISH, powershell: POWERSHELL };
