// `postrider schedule`: the scheduler wired to jobs folder, store, steps, systemd and the log, from start to an orderly end.
import { type Clock, systemClock } from '../../core/clock.ts';
import { AppError, reportOf } from '../../core/errors.ts';
import { giveMemoryBack } from '../../core/memory.ts';
import { type Random, randomHex, systemRandom } from '../../core/random.ts';
import { formatCount } from '../../core/units.ts';
import { Places } from '../../run/places.ts';
import type { Say } from '../../schedule/report.ts';
import { Scheduler } from '../../schedule/scheduler.ts';
import type { SchedulerRecord, Store } from '../../stores/store.ts';
import { isAlive } from '../process-life.ts';
import { endRun } from '../run/hold.ts';
import { openStore } from '../state.ts';
import type { Workspace } from '../workspace.ts';
import { alertMonitor } from './alert.ts';
import { dropOld, sendDigests, sendMails } from './chores.ts';
import { executor } from './execute.ts';
import { readJobsCache, writeJobsCache } from './jobs-cache.ts';
import { JobsFolder, type Scan } from './jobs-folder.ts';
import { type Notifier, notifier } from './notify.ts';
import { Pulse, tellProblems } from './pulse.ts';

export interface DaemonOptions {
  readonly workspace: Workspace;
  readonly say: Say;
  /** Steps that work at once, over all runs. */
  readonly concurrency: number;
  /** The same with one server. */
  readonly perConnection: number;
  readonly drainMs: number;
  readonly leaseMs: number;
  /** How long runs and decisions are kept, and how long logs. */
  readonly keepMs: number;
  readonly keepLogsMs: number;
  /** The first signal: fire no more, drain. */
  readonly stop: AbortSignal;
  /** The second: do not wait for what runs. */
  readonly hurry: AbortSignal;
  /** Registers what SIGHUP asks for. */
  readonly onReload: (reload: () => void) => void;
}

/** A mailbox can be open only once (RFC 1939 section 8). */
const POP3 = /^pop3:/;

/** Until `stop`. Throws AppError `usage` without a jobs folder, `store-unusable` and `store-newer` without a store. */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { workspace, say, stop } = options;
  const clock = systemClock;
  const folder = new JobsFolder(workspace.jobsDir, await readJobsCache(workspace.stateDir));
  const first = await folder.scan();
  const store = await openStore(workspace, clock);
  try {
    const me = identity(workspace, clock, systemRandom);
    const scheduler = schedulerOf(store, me, options, clock);
    const notify = notifier(workspace.env, reason => say(trouble('notify-missing', `systemd-notify cannot be used: ${reason}`)));
    await scheduler.setJobs(first.jobs);
    tellProblems(first, say);
    tellStart(first, me, say);
    if (folder.hasRead) await writeJobsCache(workspace.stateDir, folder.usable);
    giveMemoryBack();
    notify.tell('READY=1', `STATUS=${formatCount(first.jobs.length, 'jobs')}`);
    const chores = choresOf(store, clock, scheduler, options);
    const pulse = new Pulse({ scheduler, folder, clock, notify, say, chores });
    options.onReload(() => pulse.reload());
    await pulse.beatWhile(tickUntil(scheduler, stop, { clock, say }));
    await end(scheduler, notify, options);
  } finally {
    await store.close();
  }
}

function choresOf(store: Store, clock: Clock, { agenda }: Scheduler, options: DaemonOptions) {
  const { workspace, say, stop, keepMs, keepLogsMs } = options;
  const around = { workspace, store, clock, say, signal: stop, keepMs, keepLogsMs };
  const digests = { jobs: () => agenda.jobs(), notBefore: new Map() };
  return [
    { everyMs: DIGESTS_MS, work: () => sendDigests(around, digests) },
    { everyMs: MAILS_MS, work: () => sendMails(around) },
    { everyMs: RETENTION_MS, work: () => dropOld(around) },
  ];
}

const MAILS_MS = 30_000;
const DIGESTS_MS = 60_000;
const RETENTION_MS = 3_600_000;

function schedulerOf(store: Store, me: Omit<SchedulerRecord, 'beat'>, options: DaemonOptions, clock: Clock): Scheduler {
  const { workspace, say, concurrency, perConnection, leaseMs } = options;
  const places = new Places({ total: concurrency, limitOf: key => (POP3.test(key) ? 1 : perConnection) });
  const today = (job: string) => scheduler.agenda.job(job);
  const scheduler: Scheduler = new Scheduler({
    ...{ store, clock, me, places, say, leaseMs, isAlive },
    alert: alertMonitor({ workspace, say, today }),
    execute: executor({ workspace, store, clock, places, say, today }),
    endRun: async run => void (await endRun(store, run, workspace.host)),
  });
  return scheduler;
}

const TROUBLE_MS = 5_000;

/** A store that has no room, or that somebody else holds, is tried again; one that is of no use ends the scheduler. */
async function tickUntil(scheduler: Scheduler, stop: AbortSignal, { clock, say }: { clock: Clock; say: Say }): Promise<void> {
  while (!stop.aborted) {
    try {
      await scheduler.run(stop);
    } catch (error) {
      const report = reportOf(error);
      if (!(error instanceof AppError) || report.retry === 'never') throw error;
      say(trouble('store-trouble', report.message));
      await clock.sleep(TROUBLE_MS, stop).catch(() => undefined);
    }
  }
}

async function end(scheduler: Scheduler, notify: Notifier, { say, drainMs, hurry }: DaemonOptions): Promise<void> {
  const running = scheduler.active.size;
  notify.tell('STOPPING=1');
  const message = running === 0 ? 'stopping' : `stopping; ${running} running, waiting for their end`;
  say({ level: 'info', event: 'draining', message, facts: { running, 'drain-ms': drainMs } });
  await scheduler.stop(drainMs, hurry);
  say({ level: 'info', event: 'stopped', message: 'stopped' });
}

function identity({ host, jobsDir }: Workspace, clock: Clock, random: Random): Omit<SchedulerRecord, 'beat'> {
  const { pid } = process;
  return { owner: `${host}:${pid}:${randomHex(random, 4)}`, host, pid, jobsDir, startedAt: clock.now() };
}

function tellStart({ jobs }: Scan, { owner, pid, jobsDir }: Omit<SchedulerRecord, 'beat'>, say: Say): void {
  const schedules = jobs.reduce((sum, job) => sum + job.schedules.length, 0);
  const message = `scheduler of ${jobsDir}: ${formatCount(jobs.length, 'jobs')}, ${formatCount(schedules, 'schedules')}`;
  say({ level: 'info', event: 'started', message, facts: { owner, pid, jobs: jobs.length, schedules } });
}

function trouble(event: string, message: string) {
  return { level: 'error', event, message } as const;
}
