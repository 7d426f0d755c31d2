// Ends a run from another terminal, as Ctrl-C in its own would.
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { RunRecord, Store } from '../../stores/store.ts';
import { OPEN, type RunDetails, runDetails } from '../history.ts';
import { withStore } from '../state.ts';
import type { Workspace } from '../workspace.ts';
import { Elsewhere, endRun } from './hold.ts';

/**
 * Asks the run's process, or its scheduler, to end it and waits until it has.
 * One of another machine whose process is gone is closed. Throws AppError `run-missing`, `run-over`.
 */
export async function cancelRun(place: Workspace, id: string, signal: AbortSignal): Promise<RunDetails> {
  const { run } = await runDetails(place, id);
  if (!OPEN.has(run.status)) {
    throw new AppError(
      'run-over',
      `run ${run.id} does not run any more: it ${run.status === 'crashed' ? 'crashed' : `ended as ${run.status}`}`,
    );
  }
  if (await withStore(place, store => leavesQueue(store, run.id))) return { run: { ...run, status: 'cancelled' }, steps: [] };
  await withStore(place, async store => {
    const now = await store.run(run.id);
    if (now !== undefined) await endRun(store, now, place.host);
  });
  const elsewhere = new Elsewhere(systemClock);
  for (;;) {
    const details = await runDetails(place, run.id);
    const { status, ...now } = details.run;
    if (!OPEN.has(status)) return details;
    if (status !== 'interrupted' && now.host !== place.host)
      await withStore(place, store => closeSilent(store, { ...now, status: 'running' }, elsewhere));
    await systemClock.sleep(LOOK_AGAIN_MS, signal);
  }
}

/** A run of another machine that has fallen silent; what its scheduler left is not taken up again. */
export async function closeSilent(store: Store, run: RunRecord, elsewhere: Elsewhere): Promise<void> {
  const isHeard = await elsewhere.listen(store);
  if (isHeard(run)) return;
  await store.bury(({ id }) => id !== run.id);
  if (run.owner !== undefined) await store.owners.requestCancel(run.id);
}

/** Of a slot whose run has yet to begin; false when it has begun. */
async function leavesQueue(store: Store, run: string): Promise<boolean> {
  const decision = (await store.slots.waiting(WAITING_MAX)).find(each => each.run === run);
  return decision !== undefined && store.slots.withdraw(decision, 'cancelled', 'cancelled before it began');
}

const WAITING_MAX = 10_000;
const LOOK_AGAIN_MS = 100;
