import { Args } from '@oclif/core';
import { COMPLETION_SHELLS, type CompletionShell, completionScript } from '../app/completion/scripts.ts';
import { BaseCommand } from './base.ts';

export default class Completion extends BaseCommand {
  static override summary =
    'Print a script that teaches a shell to complete commands, flags, and names of jobs, runs and servers.';
  static override description =
    'bash: `source <(postrider completion bash)` in ~/.bashrc. zsh: the same in ~/.zshrc, after compinit. fish: write it to ~/.config/fish/completions/postrider.fish. PowerShell: `postrider completion powershell | Out-String | Invoke-Expression` in $PROFILE. Secrets are completed by name; nothing is decrypted that needs a passphrase.';
  static override examples = [
    'source <(<%= config.bin %> completion bash)',
    '<%= config.bin %> completion fish > ~/.config/fish/completions/postrider.fish',
  ];
  static override args = {
    shell: Args.string({ required: true, options: [...COMPLETION_SHELLS], description: 'which shell' }),
  };

  async run(): Promise<void> {
    const { args } = await this.parse(Completion);
    process.stdout.write(completionScript(args.shell as CompletionShell));
  }
}
