// What users of other FTP clients type (BSD ftp, ftp.exe, ncftp, lftp, WinSCP) and this shell has not → where it is here.
const OUTSIDE = 'does that, outside of this shell.';
const NO_MACROS = 'Keep the commands in a file: `postrider ftp shell @name < FILE` runs them.';
const NEEDLESS = 'It is not needed here: leave the line out.';
const NOT_IN_FTP = 'FTP has no command for that.';

const WORDS: Readonly<Record<string, string>> = {
  ...forAll(['mirror', 'synchronize', 'keepuptodate', 'newer'], `\`postrider ftp mirror\` ${OUTSIDE}`),
  ...forAll(
    ['queue', 'jobs', 'wait', 'kill', 'pget'],
    'One command runs after the other; `postrider ftp mirror` uses many sessions, outside of this shell.',
  ),
  ...forAll(['du'], `\`postrider ftp du\` ${OUTSIDE}`),
  ...forAll(['find'], `\`postrider ftp ls --recursive\` ${OUTSIDE}`),
  ...forAll(['cat', 'more', 'less', 'page', 'zcat'], 'Write: get FILE -'),
  ...forAll(
    ['user', 'account', 'lftp'],
    'Write: close, and then: open ftp://user@host/; the password is asked for, or comes from POSTRIDER_PASSWORD.',
  ),
  ...forAll(['bookmark'], 'Name the server in connections.yaml and write: open @name'),
  ...forAll(
    ['set', 'option'],
    'Settings of a server stand in connections.yaml or behind its URL (?timeout=10s); `status` shows those of the shell.',
  ),
  ...forAll(['macdef', '$', 'alias', 'source', 'call'], NO_MACROS),
  ...forAll(['mls', 'cls', 'nls', 'recls'], 'Write: ls [-l] [FOLDER]'),
  mdir: 'Write: dir [FOLDER]',
  mrm: 'Write: mdelete PATTERN',
  mdtm: 'Write: modtime FILE',
  append: 'A file is sent whole: put FILE',
  restart: 'Write: reget FILE',
  ...forAll(
    ['lls', 'lmkdir', 'lrm', 'lrmdir', 'lrename', 'echo', 'sleep', 'shell', 'edit', 'vi'],
    'Commands of this machine begin with an exclamation mark: !ls',
  ),
  ...forAll(['debug', 'trace'], 'Write: verbose; or start the shell with --transcript'),
  system: 'Write: quote SYST',
  ...forAll(['features', 'feat'], 'Write: quote FEAT'),
  ...forAll(['rhelp', 'remotehelp'], 'Write: quote HELP'),
  rstatus: 'Write: quote STAT',
  umask: 'Write: site UMASK 022',
  idle: 'Write: site IDLE 900',
  history: 'The arrow up goes back to earlier lines.',
  logout: 'Write: quit',
  sendport: 'Write: passive off',
  rate: '`postrider ftp mirror --bandwidth 2MB/s` does that, outside of this shell.',
  ...forAll(['ln', 'symlink', 'touch', 'cp'], NOT_IN_FTP),
  ...forAll(
    ['bell', 'case', 'cr', 'epsv4', 'form', 'gate', 'mode', 'nmap', 'ntrans', 'progress', 'proxy', 'reset', 'runique'],
    NEEDLESS,
  ),
  ...forAll(['struct', 'sunique', 'tenex', 'tick', 'xferbuf'], NEEDLESS),
};

function forAll(words: readonly string[], hint: string): Readonly<Record<string, string>> {
  return Object.fromEntries(words.map(word => [word, hint]));
}

/** @param word in small letters */
export function insteadOfCommand(word: string): string | undefined {
  if (word.startsWith('$')) return NO_MACROS;
  return Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
}

/** Options of lftp and ncftp, by their letter. */
const OPTIONS: Readonly<Record<string, string>> = {
  c: 'What was interrupted is continued by `get` itself. ',
  r: 'Whole folders are for `postrider ftp get --recursive`, `ftp put --recursive` and `ftp rm --recursive`. ',
  d: 'Whole folders are for `postrider ftp get --recursive` and `ftp put --recursive`. ',
  o: 'The other name is the second word. ',
  O: 'Go to the folder first, with lcd or cd. ',
  E: 'What was transferred stays where it was; delete it afterwards. ',
};

/** @param option as typed */
export function insteadOfOption(option: string): string {
  const letter = option.charAt(1) === 'R' ? 'r' : option.charAt(1);
  return Object.hasOwn(OPTIONS, letter) ? (OPTIONS[letter] ?? '') : '';
}

/** Whether a line may hold a password: a command sent by hand (SITE PSWD), a sign-in as other clients take it, a URL that was refused. */
export function mayHoldPassword(line: string): boolean {
  return /\b(quote|literal|site|open|user|account|lftp|psw?d|pass)\b|:\/\/|@.*:/i.test(line);
}
