import { Flags } from '@oclif/core';
import { runDaemon } from '../app/schedule/daemon.ts';
import { workspace } from '../app/workspace.ts';
import { systemClock } from '../core/clock.ts';
import { schedulerLog } from '../progress/scheduler-log.ts';
import { BaseCommand, durationFlag, jobsFlag, stateFlag } from './base.ts';
import { twoSignals } from './interruption.ts';
import { usesColor } from './terminal.ts';

const DAY_MS = 86_400_000;

export default class Schedule extends BaseCommand {
  static override summary = 'Run jobs when their schedules say so, until stopped.';
  static override description =
    'SIGTERM or Ctrl-C: starts nothing more, waits for what runs, hands the rest to the next scheduler; a second one does not wait. SIGHUP: reads the jobs folder again, as it does by itself when a file changes. Several schedulers may share one state folder.';
  static override examples = ['<%= config.bin %> schedule', '<%= config.bin %> schedule --jobs /etc/postrider/jobs --drain 2m'];
  static override flags = {
    jobs: jobsFlag,
    state: stateFlag,
    concurrency: Flags.integer({ default: 16, min: 1, max: 1_000, description: 'steps that work at once, over all runs' }),
    'per-connection': Flags.integer({ default: 4, min: 1, max: 64, description: 'the same with one FTP or SMTP server' }),
    drain: durationFlag({ default: 30_000, description: 'how long to wait at the end for what runs' }),
    lease: durationFlag({
      default: 30_000,
      description: 'a scheduler silent for this long loses its runs to another',
    }),
    keep: durationFlag({
      default: 90 * DAY_MS,
      description: 'how long runs are remembered; the last ten of a job always',
    }),
    'keep-logs': durationFlag({ default: 30 * DAY_MS, description: 'how long their logs are' }),
    log: Flags.string({
      options: ['auto', 'text', 'json'],
      default: 'auto',
      description: 'lines for people, or JSON; auto: people on a terminal, JSON elsewhere',
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Schedule);
    const { stop, hurry, onReload } = twoSignals(systemClock.elapsed);
    const json = flags.log === 'auto' ? !process.stderr.isTTY : flags.log === 'json';
    await runDaemon({
      workspace: workspace(flags),
      say: schedulerLog({ stream: process.stderr, json, color: usesColor(process.stderr), now: systemClock.now }),
      concurrency: flags.concurrency,
      perConnection: flags['per-connection'],
      drainMs: flags.drain,
      leaseMs: flags.lease,
      keepMs: flags.keep,
      keepLogsMs: flags['keep-logs'],
      ...{ stop, hurry, onReload },
    });
    // Steps that did not stop may still hold the process.
    this.exit(0);
  }
}
