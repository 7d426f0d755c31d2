import { Args } from '@oclif/core';
import { withPop3 } from '../../app/pop3/mailbox.ts';
import { BaseCommand, TARGET_HELP, targetFlags } from '../base.ts';

export default class Pop3Retr extends BaseCommand {
  static override summary = 'Write one message of a POP3 mailbox to stdout, its exact octets.';
  static override examples = [
    '<%= config.bin %> pop3 retr pop3s://invoices@pop.example.org 3 > invoice.eml',
    '<%= config.bin %> pop3 retr @inbox 1 --transcript',
  ];
  static override args = {
    target: Args.string({ required: true, description: TARGET_HELP }),
    number: Args.integer({ required: true, min: 1, description: 'as `pop3 list` shows it' }),
  };
  static override flags = targetFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Pop3Retr);
    await this.oneOff(flags, one => withPop3(args.target, one, client => this.printBytes(client.retrieve(args.number))));
  }
}
