import { Args, Flags } from '@oclif/core';
import { withPop3 } from '../../app/pop3/mailbox.ts';
import { BaseCommand, TARGET_HELP, targetFlags } from '../base.ts';

export default class Pop3Top extends BaseCommand {
  static override summary = 'Write the header and the first lines of a message of a POP3 mailbox to stdout.';
  static override examples = [
    '<%= config.bin %> pop3 top pop3s://invoices@pop.example.org 3',
    '<%= config.bin %> pop3 top @inbox 1 --lines 0',
  ];
  static override args = {
    target: Args.string({ required: true, description: TARGET_HELP }),
    number: Args.integer({ required: true, min: 1, description: 'as `pop3 list` shows it' }),
  };
  static override flags = {
    ...targetFlags,
    lines: Flags.integer({ char: 'n', min: 0, max: 1_000_000, default: 10, description: 'lines of the body' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Pop3Top);
    await this.oneOff(flags, one => withPop3(args.target, one, client => this.printBytes(client.top(args.number, flags.lines))));
  }
}
