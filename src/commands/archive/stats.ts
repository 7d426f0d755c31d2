import { resolve } from 'node:path';
import { archiveStats, type MonthStats } from '../../archive/index.ts';
import { formatSize } from '../../core/units.ts';
import { chart } from '../../progress/chart.ts';
import { type Column, table } from '../../progress/table.ts';
import { accountFlag, archiveFlag, BaseCommand, jsonFlag } from '../base.ts';
import { columns } from '../terminal.ts';

const BAR_COLUMNS = 20;

export default class ArchiveStats extends BaseCommand {
  static override summary = 'Count messages and bytes by account and month, with a chart.';
  static override examples = ['<%= config.bin %> archive stats --account me@example.org'];
  static override flags = { archive: archiveFlag, account: accountFlag, json: jsonFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(ArchiveStats);
    const rows = await archiveStats(resolve(flags.archive), { account: flags.account });
    const messages = rows.reduce((sum, row) => sum + row.messages, 0);
    const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
    if (flags.json) return this.printJson({ messages, bytes, months: rows });
    for (const line of table(columnsFor(rows), rows, columns())) this.print(line);
    this.print(`\n${messages} messages, ${formatSize(bytes)}`);
  }
}

function columnsFor(rows: readonly MonthStats[]): readonly Column<MonthStats>[] {
  const bar = chart(Math.max(...rows.map(row => row.bytes)), BAR_COLUMNS);
  return [
    { title: 'ACCOUNT', value: row => row.account, flexible: true },
    { title: 'MONTH', value: row => row.month },
    { title: 'MESSAGES', value: row => String(row.messages), align: 'right' },
    { title: 'SIZE', value: row => formatSize(row.bytes), align: 'right' },
    { title: '', value: row => bar(row.bytes) },
    { title: 'LARGEST', value: row => formatSize(row.largest.size), align: 'right' },
    { title: 'ITS SUBJECT', value: row => row.largest.subject ?? '', flexible: true, optional: true },
  ];
}
