import { Args, Flags } from '@oclif/core';
import { type ComingSlot, nextSlots } from '../app/next-slots.ts';
import { workspace } from '../app/workspace.ts';
import { type Column, table } from '../progress/table.ts';
import { BaseCommand, jobsFlag, jsonFlag, stateFlag } from './base.ts';
import { columns } from './terminal.ts';

const JOB: Column<ComingSlot> = { title: 'JOB', value: slot => slot.job ?? '', flexible: true };
const COLUMNS: readonly Column<ComingSlot>[] = [
  { title: 'LOCAL TIME', value: slot => slot.shown },
  { title: 'NOTE', value: slot => slot.note ?? '', flexible: true },
];

export default class Next extends BaseCommand {
  static override summary = 'List the coming slots of a job, of all jobs, or of a cron expression.';
  static override examples = [
    '<%= config.bin %> next nightly-site -n 5',
    '<%= config.bin %> next --cron "30 2 * * *" --timezone Europe/Zurich --from 2026-03-28T00:00Z --json',
  ];
  static override args = { job: Args.string({ description: 'a job file, or a name in the jobs folder; default: all jobs' }) };
  static override flags = {
    jobs: jobsFlag,
    state: stateFlag,
    cron: Flags.string({ helpValue: 'EXPR', description: 'slots of this expression, without any job' }),
    seconds: Flags.boolean({ description: 'the expression has six fields, the first for seconds', dependsOn: ['cron'] }),
    timezone: Flags.string({ helpValue: 'ZONE', description: 'IANA name for --cron; default: this machine’s zone' }),
    from: Flags.string({
      helpValue: 'TIME',
      description: 'slots later than this; local unless it has Z or an offset; default: now',
    }),
    count: Flags.integer({ char: 'n', default: 10, min: 1, max: 10_000, description: 'how many slots' }),
    json: jsonFlag,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Next);
    const { slots, problems } = await nextSlots({ ...flags, job: args.job, workspace: workspace(flags) });
    for (const { message } of problems) this.say(`${message}; its slots are not shown`);
    if (flags.json) {
      const broken = problems.map(({ file, message }) => ({ file, message }));
      return this.printJson({ slots: slots.map(slotJson), ...(broken.length === 0 ? {} : { problems: broken }) });
    }
    if (slots.length === 0) return this.say('Nothing is scheduled. A job runs by itself when its file has a `schedule`.');
    const shown = slots.some(slot => slot.job !== undefined) ? [...COLUMNS.slice(0, 1), JOB, ...COLUMNS.slice(1)] : COLUMNS;
    for (const line of table(shown, slots, columns())) this.print(line);
  }
}

function slotJson({ at, local, note, job }: ComingSlot): Record<string, unknown> {
  return {
    ...(job === undefined ? {} : { job }),
    at: new Date(at).toISOString(),
    local,
    ...(note === undefined ? {} : { note }),
  };
}
