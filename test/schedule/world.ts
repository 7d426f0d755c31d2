// A scheduler on a virtual clock and a store in memory, with runs that last as long as the test says.
import type { Job, Schedule } from '../../src/job/job.ts';
import { Places } from '../../src/run/places.ts';
import type { Execute } from '../../src/schedule/active-runs.ts';
import { Handover, Lost } from '../../src/schedule/active-runs.ts';
import type { Report } from '../../src/schedule/report.ts';
import { Scheduler } from '../../src/schedule/scheduler.ts';
import { openSqliteStore } from '../../src/stores/sqlite/store.ts';
import type { RunRecord, Store } from '../../src/stores/store.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

export const T0 = Date.UTC(2026, 10, 22, 12);
export const MINUTE = 60_000;

export function jobOf(name: string, overrides: Partial<Job> & { schedule?: Partial<Schedule> } = {}): Job {
  const { schedule = { cron: '* * * * *', timezone: 'UTC' }, ...rest } = overrides;
  return {
    name,
    file: `/jobs/${name}.yaml`,
    workdir: '/jobs',
    schedules: [{ seconds: false, jitterMs: 0, misfire: 'one', ...schedule }],
    overlap: 'queue',
    maxCrashes: 3,
    vars: {},
    connections: {},
    steps: [],
    onFailure: [],
    ...rest,
  };
}

export interface World {
  readonly clock: VirtualClock;
  readonly store: Store;
  readonly reports: Report[];
  /** What somebody was alerted of: `job: message`. */
  readonly alerts: string[];
  /** Runs that began, in order, by every scheduler of this world. */
  readonly begun: RunRecord[];
  /** Processes that are gone. */
  readonly dead: Set<number>;
  /** How long a run lasts; default no time. */
  lasts: (record: RunRecord) => number;
  scheduler(pid?: number, jobs?: readonly Job[]): Promise<Scheduler>;
}

export async function world(now = T0): Promise<World> {
  const clock = new VirtualClock(now);
  const store = await openSqliteStore(':memory:', { clock });
  const [reports, alerts, begun, dead] = [[] as Report[], [] as string[], [] as RunRecord[], new Set<number>()];
  const made: World = {
    ...{ clock, store, reports, alerts, begun, dead, lasts: () => 0 },
    async scheduler(pid = 1, jobs = []) {
      const execute: Execute = async ({ record, signal, settled }) => {
        begun.push(record);
        settled();
        const fence = record.fence ?? 1;
        const head = { run: record.id, at: clock.now() };
        let status: 'succeeded' | 'cancelled' = 'succeeded';
        try {
          await clock.sleep(made.lasts(record), signal);
        } catch {
          status = 'cancelled';
        }
        if (dead.has(pid) || signal.reason instanceof Lost) return;
        if (signal.reason instanceof Handover) return void (await store.owners.handBack(record.id, fence));
        const finished = { type: 'run-finished', status, steps: {}, durationMs: 0 } as const;
        await store.record({ ...head, ...finished, at: clock.now(), seq: (await store.lastSeq(record.id)) + 1 }, fence);
      };
      const scheduler = new Scheduler({
        ...{ store, clock, execute },
        me: { owner: `host:${pid}`, host: 'host', pid, jobsDir: '/jobs', startedAt: clock.now() },
        places: new Places({ total: 1_000, limitOf: () => 1_000 }),
        isAlive: other => !dead.has(other),
        endRun: async run => void (await store.owners.requestCancel(run.id)),
        say: report => void reports.push(report),
        alert: (job, message) => void alerts.push(`${job}: ${message}`),
      });
      await scheduler.setJobs(jobs);
      return scheduler;
    },
  };
  return made;
}

/** Runs the loop of a scheduler over virtual time. */
export async function pass({ clock }: World, scheduler: Scheduler, ms: number): Promise<void> {
  const stop = new AbortController();
  const running = scheduler.run(stop.signal);
  await clock.advance(ms);
  stop.abort();
  await running;
}
