// How long a run of a job usually takes, and when one has gone on for so long that somebody should look.
import type { RunRecord, Store } from '../stores/store.ts';

/** As many runs tell what is usual; fewer tell nothing. */
const RUNS_MIN = 3;
const RUNS_MAX = 20;
/** A run that takes this many times its usual time is overdue, but none is before OVERDUE_MS_MIN. */
const OVERDUE_TIMES = 3;
export const OVERDUE_MS_MIN = 30_000;

/** The median of the newest that succeeded, in milliseconds; undefined for a job that has hardly run. */
export async function usualMs(store: Store, job: string): Promise<number | undefined> {
  const times = await store.durations(job, RUNS_MAX);
  return times.length < RUNS_MIN ? undefined : times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
}

export function isOverdue(lastsMs: number, usual: number): boolean {
  return lastsMs >= OVERDUE_MS_MIN && lastsMs > usual * OVERDUE_TIMES;
}

/** The usual time of a run that has gone on for three times as long; undefined when all is well. */
export async function overdue(store: Store, { job, startedAt }: RunRecord, now: number): Promise<number | undefined> {
  if (now - startedAt < OVERDUE_MS_MIN) return undefined;
  const usual = await usualMs(store, job);
  return usual !== undefined && isOverdue(now - startedAt, usual) ? usual : undefined;
}
