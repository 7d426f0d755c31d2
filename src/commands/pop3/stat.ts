import { Args } from '@oclif/core';
import { withPop3 } from '../../app/pop3/mailbox.ts';
import { formatCount, formatSize } from '../../core/units.ts';
import { BaseCommand, jsonFlag, TARGET_HELP, targetFlags } from '../base.ts';

export default class Pop3Stat extends BaseCommand {
  static override summary = 'Say how many messages a POP3 mailbox holds, and how big they are.';
  static override examples = [
    '<%= config.bin %> pop3 stat pop3s://invoices@pop.example.org',
    '<%= config.bin %> pop3 stat @inbox --json',
  ];
  static override args = { target: Args.string({ required: true, description: TARGET_HELP }) };
  static override flags = { ...targetFlags, json: jsonFlag };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Pop3Stat);
    const { count, bytes } = await this.oneOff(flags, one => withPop3(args.target, one, client => client.stat()));
    if (flags.json) return this.printJson({ count, bytes });
    this.print(`${formatCount(count, 'messages')}, ${formatSize(bytes)}`);
  }
}
