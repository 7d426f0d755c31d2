import { Args, Flags } from '@oclif/core';
import { deleteMessages } from '../../app/pop3/delete.ts';
import { withPop3 } from '../../app/pop3/mailbox.ts';
import { askLine } from '../../app/shell/interactive.ts';
import { printable } from '../../core/text.ts';
import { formatCount } from '../../core/units.ts';
import { isInteractive } from '../../progress/prompt.ts';
import { BaseCommand, TARGET_HELP, targetFlags } from '../base.ts';

export default class Pop3Delete extends BaseCommand {
  static override summary = 'Delete messages of a POP3 mailbox; asks first, or takes --yes.';
  static override examples = [
    '<%= config.bin %> pop3 delete pop3s://invoices@pop.example.org 3',
    '<%= config.bin %> pop3 delete @inbox 1 2 7 --yes',
  ];
  static override strict = false;
  static override args = {
    target: Args.string({ required: true, description: TARGET_HELP }),
    number: Args.string({ required: true, description: 'as `pop3 list` shows it; several may follow' }),
  };
  static override flags = { ...targetFlags, yes: Flags.boolean({ char: 'y', description: 'do not ask' }) };

  async run(): Promise<void> {
    const { args, argv, flags } = await this.parse(Pop3Delete);
    const keyboard = { input: process.stdin, output: process.stderr };
    const ask = isInteractive() ? (question: string) => askLine(keyboard, question) : undefined;
    const deletion = {
      words: (argv as string[]).slice(1),
      yes: flags.yes,
      say: (line: string) => this.say(printable(line)),
      ask,
    };
    const deleted = await this.oneOff(flags, one => withPop3(args.target, one, client => deleteMessages(client, deletion)));
    this.say(`deleted ${formatCount(deleted, 'messages')}`);
  }
}
