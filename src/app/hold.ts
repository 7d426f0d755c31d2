// One run of a job at a time: what `overlap` says when another run holds the job already.
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Job } from '../job/job.ts';
import type { RunRecord, Store } from '../stores/store.ts';
import { isAlive } from './process-life.ts';

export interface HoldOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Says once that it waits, and for whom. */
  readonly say: (line: string) => void;
}

const LOOK_AGAIN_MS = 500;

/**
 * Opens the run in the store as soon as `overlap` allows it: at once (allow), when the other run has ended (queue), after asking it
 * to end (replace), or not at all (skip: throws AppError `job-held`). Runs whose process is gone are closed as crashed on the way.
 */
export async function beginHeld(
  store: Store,
  run: RunRecord,
  overlap: Job['overlap'],
  { clock, signal, say }: HoldOptions,
): Promise<void> {
  if (overlap === 'allow') return store.begin(run, []);
  for (let waiting = false; ; waiting = true) {
    try {
      return await store.begin(run, [], { holds: other => isHolder(other, run.host) });
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'job-held' || overlap === 'skip') throw error;
      if (!waiting) {
        say(`${error.message}; ${overlap === 'replace' ? 'asking it to end' : 'waiting for it to end'}`);
        if (overlap === 'replace') await endOthers(store, run);
      }
    }
    await clock.sleep(LOOK_AGAIN_MS, signal);
  }
}

/** Another machine's process cannot be asked, so it counts as alive. */
function isHolder(other: RunRecord, host: string): boolean {
  return other.host !== host || isAlive(other.pid, other.startedAt);
}

async function endOthers(store: Store, run: RunRecord): Promise<void> {
  for (const other of await store.runs({ job: run.job, status: 'running', limit: 100 })) {
    if (other.host === run.host && other.pid !== run.pid && isAlive(other.pid, other.startedAt))
      process.kill(other.pid, 'SIGTERM');
  }
}
