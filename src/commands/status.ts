import { type JobStatus, jobStatus } from '../app/history.ts';
import { workspace } from '../app/workspace.ts';
import { formatDuration } from '../core/units.ts';
import { type Column, table } from '../progress/table.ts';
import { localMinute } from '../progress/time.ts';
import { BaseCommand, jsonFlag, stateFlag } from './base.ts';
import { runJson } from './run-json.ts';
import { columns } from './terminal.ts';

const COLUMNS: readonly Column<JobStatus>[] = [
  { title: 'JOB', value: row => row.job, flexible: true },
  { title: 'STATUS', value: row => row.last.status },
  { title: 'LAST RUN', value: row => localMinute(row.last.startedAt) },
  { title: 'TOOK', value: row => formatDuration(row.last.durationMs), align: 'right' },
  { title: 'RUN', value: row => row.last.id },
  { title: 'ERROR', value: row => row.last.error?.message ?? '', flexible: true, optional: true },
];

export default class Status extends BaseCommand {
  static override summary = 'Say for every job how its last run went, and what runs now.';
  static override examples = ['<%= config.bin %> status', '<%= config.bin %> status --json'];
  static override flags = { state: stateFlag, json: jsonFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(Status);
    const jobs = await jobStatus(workspace(flags));
    if (flags.json)
      return this.printJson({ jobs: jobs.map(({ job, last, running }) => ({ job, running, last: runJson(last) })) });
    if (jobs.length === 0) return this.say('No job has run yet. Start one with: postrider run JOB');
    for (const line of table(COLUMNS, jobs, columns())) this.print(line);
  }
}
