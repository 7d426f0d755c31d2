import { resolve } from 'node:path';
import { archiveStats, type MonthStats, type SenderStats, type ArchiveStats as Stats } from '../../archive/index.ts';
import { formatCount, formatSize } from '../../core/units.ts';
import { chart } from '../../progress/bar.ts';
import { type Column, table } from '../../progress/table.ts';
import { accountFlag, archiveFlag, BaseCommand, jsonFlag } from '../base.ts';
import { columns } from '../terminal.ts';

const BAR_COLUMNS = 20;
const HASH_CHARS = 12;

export default class ArchiveStats extends BaseCommand {
  static override summary =
    'Count messages and bytes by account and month, with a chart, the top senders and the largest messages.';
  static override examples = ['<%= config.bin %> archive stats --account me@example.org'];
  static override flags = { archive: archiveFlag, account: accountFlag, json: jsonFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(ArchiveStats);
    const { months, senders, largest } = await archiveStats(resolve(flags.archive), { account: flags.account });
    const messages = months.reduce((sum, row) => sum + row.messages, 0);
    const bytes = months.reduce((sum, row) => sum + row.bytes, 0);
    if (flags.json) return this.printJson({ messages, bytes, months, senders, largest });
    this.#table(monthColumns(months), months);
    this.#table(senderColumns(senders), senders);
    this.#table(LARGEST, largest);
    this.print(`${formatCount(messages, 'messages')}, ${formatSize(bytes)}`);
  }

  #table<Row>(shape: readonly Column<Row>[], rows: readonly Row[]): void {
    for (const line of table(shape, rows, columns())) this.print(line);
    this.print();
  }
}

function monthColumns(rows: readonly MonthStats[]): readonly Column<MonthStats>[] {
  const bar = chart(Math.max(...rows.map(row => row.bytes)), BAR_COLUMNS);
  return [
    { title: 'ACCOUNT', value: row => row.account, flexible: true },
    { title: 'MONTH', value: row => row.month },
    { title: 'MESSAGES', value: row => String(row.messages), align: 'right' },
    { title: 'SIZE', value: row => formatSize(row.bytes), align: 'right' },
    { title: '', value: row => bar(row.bytes), optional: true },
  ];
}

function senderColumns(rows: readonly SenderStats[]): readonly Column<SenderStats>[] {
  const bar = chart(Math.max(...rows.map(row => row.messages)), BAR_COLUMNS);
  return [
    { title: 'SENDER', value: row => row.address || '(none)', flexible: true },
    { title: 'MESSAGES', value: row => String(row.messages), align: 'right' },
    { title: 'SIZE', value: row => formatSize(row.bytes), align: 'right' },
    { title: '', value: row => bar(row.messages), optional: true },
  ];
}

const LARGEST: readonly Column<Stats['largest'][number]>[] = [
  { title: 'LARGEST', value: row => formatSize(row.size), align: 'right' },
  { title: 'MESSAGE', value: row => row.sha256.slice(0, HASH_CHARS) },
  { title: 'FROM', value: row => row.from ?? '', flexible: true },
  { title: 'SUBJECT', value: row => row.subject ?? '', flexible: true, optional: true },
];
