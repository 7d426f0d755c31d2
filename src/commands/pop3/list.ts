import { Args, Flags } from '@oclif/core';
import { listMessages, type MessageRow, withPop3 } from '../../app/pop3/mailbox.ts';
import { formatSize } from '../../core/units.ts';
import { type Column, table } from '../../progress/table.ts';
import { BaseCommand, jsonFlag, TARGET_HELP, targetFlags } from '../base.ts';
import { columns } from '../terminal.ts';

const COLUMNS: readonly Column<MessageRow>[] = [
  { title: 'N', value: ({ number }) => String(number), align: 'right' },
  { title: 'SIZE', value: ({ size }) => formatSize(size), align: 'right' },
  { title: 'DATE', value: ({ date = '' }) => date.slice(0, 16).replace('T', ' '), optional: true },
  { title: 'FROM', value: ({ from = '' }) => from, flexible: true },
  { title: 'SUBJECT', value: ({ subject = '' }) => subject, flexible: true },
];

const UID: Column<MessageRow> = { title: 'UID', value: ({ uid = '' }) => uid };

export default class Pop3List extends BaseCommand {
  static override summary = 'List the messages of a POP3 mailbox: number, size, date, from, subject.';
  static override examples = [
    '<%= config.bin %> pop3 list pop3s://invoices@pop.example.org',
    '<%= config.bin %> pop3 list @inbox --limit 200 --json',
  ];
  static override args = { target: Args.string({ required: true, description: TARGET_HELP }) };
  static override flags = {
    ...targetFlags,
    limit: Flags.integer({ char: 'n', min: 1, max: 100_000, default: 50, description: 'at most so many, the newest' }),
    uid: Flags.boolean({ description: 'unique-ids, too, which never change' }),
    json: jsonFlag,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Pop3List);
    const messages = await this.oneOff(flags, one => withPop3(args.target, one, client => listMessages(client, flags.limit)));
    if (flags.json) return this.printJson({ messages });
    if (messages.length === 0) return this.say('The mailbox is empty.');
    for (const line of table(flags.uid ? [...COLUMNS, UID] : COLUMNS, messages, columns())) this.print(line);
  }
}
