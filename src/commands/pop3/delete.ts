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
    '<%= config.bin %> pop3 delete @inbox uid:0000004a65c3 uid:0000004b65c3 --yes',
  ];
  static override description =
    'Numbers shift when another program deletes: between the list and this command, too. A unique-id names the same message for ever; scripts with --yes should give those.';
  static override strict = false;
  static override args = {
    target: Args.string({ required: true, description: TARGET_HELP }),
    number: Args.string({
      required: true,
      description: 'as `pop3 list` shows it, or `uid:` and its unique-id (`pop3 list --uid`); several may follow',
    }),
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
