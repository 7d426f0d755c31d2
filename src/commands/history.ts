import { Args, Flags } from '@oclif/core';
import { type RunView, runHistory } from '../app/history.ts';
import { workspace } from '../app/workspace.ts';
import { printable } from '../core/text.ts';
import { type Column, table } from '../progress/table.ts';
import { localMinute } from '../progress/time.ts';
import { BaseCommand, jsonFlag, stateFlag } from './base.ts';
import { runJson, tookText } from './run-json.ts';
import { columns } from './terminal.ts';

const COLUMNS: readonly Column<RunView>[] = [
  { title: 'RUN', value: run => run.id },
  { title: 'JOB', value: run => run.job, flexible: true },
  { title: 'STATUS', value: run => run.status },
  { title: 'STARTED', value: run => localMinute(run.startedAt) },
  { title: 'TOOK', value: run => tookText(run), align: 'right' },
  { title: 'ERROR', value: run => (run.error?.message ?? '').replace(/\s*\n\s*/g, ' '), flexible: true, optional: true },
];

export default class History extends BaseCommand {
  static override summary = 'List past runs, the newest first.';
  static override examples = [
    '<%= config.bin %> history nightly-site --last 7d',
    '<%= config.bin %> history --status failed --json',
  ];
  static override args = { job: Args.string({ description: 'only runs of this job' }) };
  static override flags = {
    state: stateFlag,
    status: Flags.string({
      options: ['succeeded', 'failed', 'cancelled', 'timed-out', 'skipped', 'running', 'waiting', 'interrupted'],
      description: 'only runs that ended so',
    }),
    last: Flags.string({ helpValue: '7d', description: 'only runs of this last time' }),
    limit: Flags.integer({ char: 'n', default: 20, min: 1, max: 10_000, description: 'how many runs' }),
    json: jsonFlag,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(History);
    const runs = await runHistory(workspace(flags), { job: args.job, ...flags });
    if (flags.json) return this.printJson({ runs: runs.map(runJson) });
    if (runs.length === 0) return this.say(nothing(args.job, flags));
    for (const line of table(COLUMNS, runs, columns())) this.print(line);
  }
}

function nothing(
  job: string | undefined,
  { status, last }: { readonly status?: string | undefined; readonly last?: string | undefined },
): string {
  if (job === undefined && status === undefined && last === undefined) return 'No runs yet. Start one with: postrider run JOB';
  const which = [job === undefined ? '' : ` of ${printable(job)}`, status === undefined ? '' : ` that is ${status}`];
  return `No run${which.join('')}${last === undefined ? '' : ` in the last ${printable(last)}`} is on record; all: postrider history`;
}
