import { existsSync } from 'node:fs';
import { type JobStatus, jobStatus, type Status as Standing } from '../app/schedule/status.ts';
import { workspace } from '../app/workspace.ts';
import { headline, printable } from '../core/text.ts';
import { formatDuration, thingsOf } from '../core/units.ts';
import { type Column, table } from '../progress/table.ts';
import { localMinute } from '../progress/time.ts';
import { wrap } from '../progress/width.ts';
import { BaseCommand, jobsFlag, jsonFlag, stateFlag } from './base.ts';
import { isoTime, runJson, tookText } from './run-json.ts';
import { columns } from './terminal.ts';

const COLUMNS: readonly Column<JobStatus>[] = [
  { title: 'JOB', value: row => row.job, flexible: true },
  { title: 'STATUS', value: row => row.last?.status ?? (row.problem === undefined ? 'never ran' : 'wrong file') },
  { title: 'LAST RUN', value: row => (row.last === undefined ? '' : localMinute(row.last.startedAt)) },
  { title: 'TOOK', value: row => tookText(row.last), align: 'right' },
  { title: 'NEXT', value: row => (row.paused === undefined ? (row.nextShown ?? '') : 'paused') },
  { title: 'RUN', value: row => row.last?.id ?? '', optional: true },
];

export default class Status extends BaseCommand {
  static override summary = 'Say for every job how its last run went, what runs now, when it is due next, and what is amiss.';
  static override examples = ['<%= config.bin %> status', '<%= config.bin %> status --json'];
  static override flags = { jobs: jobsFlag, state: stateFlag, json: jsonFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(Status);
    const place = workspace(flags);
    const status = await jobStatus(place);
    const isNamed = (flags.jobs ?? place.env['POSTRIDER_JOBS'] ?? '') !== '';
    if (isNamed && !existsSync(place.jobsDir)) this.say(`There is no jobs folder ${place.jobsDir}; shown is what has run.`);
    if (flags.json) return this.printJson(statusJson(status));
    if (status.jobs.length === 0) return this.say('No job has run yet. Start one with: postrider run JOB');
    for (const line of table(COLUMNS, status.jobs, columns())) this.print(line);
    const notes = status.jobs.map(row => [row.job, note(row)] as const).filter(([, text]) => text !== '');
    if (notes.length > 0) this.print();
    for (const [job, text] of notes) for (const line of wrap(printable(`${job}: ${text}`), columns(), '  ')) this.print(line);
    if (status.deserted) this.say('No scheduler is running: nothing starts by itself. Start one with: postrider schedule');
  }
}

function note({ paused, problem, undecided, overdue, progress, last, waiting }: JobStatus): string {
  const notes = [
    ...(problem === undefined ? [] : [`file: ${problem}`]),
    ...(paused?.reason === undefined ? [] : [`paused: ${paused.reason}`]),
    ...(undecided === undefined ? [] : [`slot ${localMinute(undecided)} passed, nobody looked`]),
    ...(overdue === undefined ? [] : [`usually takes ${formatDuration(overdue)}`]),
    ...(progress === undefined ? [] : [progressText(progress)]),
    ...(waiting === undefined ? [] : [`run ${waiting.id} waits`]),
    ...(last?.error === undefined ? [] : [headline(last.error.message)]),
  ];
  return notes.join('; ');
}

function progressText({ step, done, total, unit }: NonNullable<JobStatus['progress']>): string {
  return `${step}: ${done}${total === undefined ? '' : ` of ${total}`} ${thingsOf(total ?? done, unit)}`;
}

function progressJson({ totalBytes, ...rest }: NonNullable<JobStatus['progress']>): Record<string, unknown> {
  return { ...rest, ...(totalBytes === undefined ? {} : { 'total-bytes': totalBytes }) };
}

function statusJson({ jobs, schedulers, deserted }: Standing): Record<string, unknown> {
  return {
    jobs: jobs.map(({ job, running, last, progress, waiting, next, paused, problem, overdue, undecided }) => ({
      ...{ job, running, last: last === undefined ? null : runJson(last) },
      ...(progress === undefined ? {} : { progress: progressJson(progress) }),
      ...(waiting === undefined ? {} : { waiting: runJson(waiting) }),
      next: isoTime(next),
      ...(paused === undefined ? {} : { paused: { since: isoTime(paused.since), reason: paused.reason ?? '' } }),
      ...(problem === undefined ? {} : { problem }),
      ...(overdue === undefined ? {} : { 'usual-ms': overdue }),
      ...(undecided === undefined ? {} : { undecided: isoTime(undecided) }),
    })),
    schedulers: schedulers.map(({ owner, host, pid, jobsDir, startedAt }) => ({
      ...{ owner, host, pid, 'jobs-dir': jobsDir, 'started-at': isoTime(startedAt) },
    })),
    deserted,
  };
}
