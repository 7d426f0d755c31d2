// Runs whose scheduler died: found, closed or taken up again, and never left as "running".
import type { RunRecord, SchedulerRecord, Store } from '../stores/store.ts';
import type { ActiveRuns } from './active-runs.ts';
import type { Liveness } from './liveness.ts';
import type { Say } from './report.ts';

const RUNS_READ_MAX = 10_000;

export interface RecoverOptions {
  readonly store: Store;
  readonly liveness: Liveness;
  readonly active: ActiveRuns;
  readonly me: Pick<SchedulerRecord, 'owner' | 'host' | 'pid'>;
  readonly room: () => number;
  /** Whether runs of the job may go side by side. */
  readonly allowsOverlap: (job: string) => boolean;
  readonly say: Say;
}

/** True when interrupted runs are left, for want of a place or because their job is busy. */
export async function recover(options: RecoverOptions): Promise<boolean> {
  const { store, say } = options;
  const dead = await deadRuns(options);
  if (dead.size > 0) for (const run of await store.bury(({ id }) => !dead.has(id))) say(crashReport(run));
  let blocked = false;
  for (const run of (await store.runs({ status: 'interrupted', limit: RUNS_READ_MAX })).toReversed()) {
    if (!(await takeUp(run, options))) blocked = true;
  }
  return blocked;
}

/** Runs first, then schedulers: whoever begins a run has announced itself before, so an unknown owner is a dead one. */
async function deadRuns({ store, liveness, active, me }: RecoverOptions): Promise<ReadonlySet<string>> {
  const open = [
    ...(await store.runs({ status: 'running', limit: RUNS_READ_MAX })),
    ...(await store.runs({ status: 'waiting', limit: RUNS_READ_MAX })),
  ];
  const living = await liveness.living();
  const isDead = (run: RunRecord) =>
    // The end of one of ours could not be written down.
    run.owner === me.owner ? !active.has(run.id) : !liveness.holds(run) || (run.owner !== undefined && !living.has(run.owner));
  return new Set(open.filter(isDead).map(({ id }) => id));
}

async function takeUp(run: RunRecord, { store, active, me, room, allowsOverlap, say }: RecoverOptions): Promise<boolean> {
  if (room() <= 0) return false;
  const claimed = await store.owners.claim(run, me, !allowsOverlap(run.job));
  if (claimed === undefined) return false;
  const message = (run.crashes ?? 0) > 0 ? `taken up again after crash ${run.crashes}` : 'taken up again';
  say({ level: 'info', event: 'run-resumed', job: run.job, run: run.id, message });
  active.start(claimed);
  return true;
}

function crashReport({ job, id, status, crashes = 0 }: RunRecord) {
  const message =
    status === 'interrupted' ? `its scheduler died (crash ${crashes})` : 'its process died; the run ended as failed';
  return { level: 'warning', event: 'run-crashed', job, run: id, message } as const;
}
