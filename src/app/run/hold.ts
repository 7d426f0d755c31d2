// One run of a job at a time: what `overlap` says when another run holds the job already.
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Job } from '../../job/job.ts';
import { Heartbeats, RUN_BEAT_MS, RUN_SILENCE_MS, SCHEDULER_SILENCE_MS } from '../../schedule/heartbeats.ts';
import type { RunRecord, StepRecord, Store } from '../../stores/store.ts';
import { isAlive } from '../process-life.ts';

export interface HoldOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Says once that it waits, and for whom. */
  readonly say: (line: string) => void;
}

const LOOK_AGAIN_MS = 500;

export interface HeldRun {
  readonly overlap: Job['overlap'];
  /** What the run is begun with, as text. */
  readonly definition: string;
  /** What is already known of its steps. */
  readonly steps: readonly StepRecord[];
}

/**
 * Opens the run in the store as soon as `overlap` allows it: at once (allow), when the other run has ended (queue, one at most waits), after
 * asking it to end (replace), or not at all (skip: throws AppError `job-held`). Runs whose process is gone are closed on the way; those
 * of a scheduler are left for the next one.
 */
export async function beginHeld(
  store: Store,
  run: RunRecord,
  { overlap, definition, steps }: HeldRun,
  { clock, signal, say }: HoldOptions,
): Promise<void> {
  if (overlap === 'allow') return store.begin(run, steps, { definition });
  const elsewhere = new Elsewhere(clock);
  for (let waiting = false; ; waiting = true) {
    const isHeard = await elsewhere.listen(store);
    const holds = (other: RunRecord) => isHolder(other, run.host, isHeard);
    try {
      return await store.begin({ ...run, startedAt: clock.now() }, steps, { holds, definition });
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'job-held' || overlap === 'skip') throw error;
      if (!waiting) {
        if (overlap === 'queue') await store.enqueue(run, holds);
        say(`${error.message}; ${overlap === 'replace' ? 'asking it to end' : 'waiting for it to end'}`);
        if (overlap === 'replace') await endOthers(store, run);
      }
    }
    await clock.sleep(LOOK_AGAIN_MS, signal).catch(async error => {
      if (overlap === 'queue') await store.leaveQueue(run.id);
      throw error;
    });
  }
}

/** Runs of other machines, and of other containers, and whether they, or the schedulers that have them, still beat: see Heartbeats. */
export class Elsewhere {
  readonly #runs: Heartbeats;
  readonly #schedulers: Heartbeats;

  constructor(clock: Clock) {
    this.#runs = new Heartbeats(clock, RUN_SILENCE_MS);
    this.#schedulers = new Heartbeats(clock, SCHEDULER_SILENCE_MS);
  }

  /** What can be said of a run now. A scheduler that is not there any more is silent, too. */
  async listen({ owners }: Pick<Store, 'owners'>): Promise<(run: RunRecord) => boolean> {
    const beats = new Map((await owners.schedulers()).map(({ owner, beat }) => [owner, beat]));
    return ({ id, owner, beat = 0 }) =>
      owner === undefined ? this.#runs.lives(id, beat) : this.#schedulers.lives(owner, beats.get(owner) ?? 0);
  }
}

function isHolder(other: RunRecord, host: string, isHeard: (run: RunRecord) => boolean): boolean {
  return other.host === host ? isAlive(other.pid, other.startedAt) : isHeard(other);
}

/** Says of a run in the foreground that it lives, until the signal aborts, and calls `wanted` when somebody elsewhere wants it ended. */
export async function beat(store: Store, run: string, clock: Clock, signal: AbortSignal, wanted: () => void): Promise<void> {
  while (!signal.aborted) {
    // A store that is busy or full is heard of by those who have something to record.
    if (await store.owners.beatRun(run).catch(() => false)) wanted();
    await clock.sleep(RUN_BEAT_MS, signal).catch(() => undefined);
  }
}

async function endOthers(store: Store, run: RunRecord): Promise<void> {
  for (const other of await store.runs({ job: run.job, status: 'running', limit: 100 })) {
    if (other.pid !== run.pid || other.host !== run.host) await endRun(store, other, run.host);
  }
}

/** Asks a run to end: by way of the store, or a process of this machine by SIGTERM. False when nobody can be asked. */
export async function endRun(store: Store, run: RunRecord, host: string): Promise<boolean> {
  if (run.owner !== undefined || run.status === 'interrupted' || run.host !== host) return store.owners.requestCancel(run.id);
  if (!isAlive(run.pid, run.startedAt)) return false;
  process.kill(run.pid, 'SIGTERM');
  return true;
}
