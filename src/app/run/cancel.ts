// Ends a run from another terminal, as Ctrl-C in its own would.
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Store } from '../../stores/store.ts';
import { OPEN, type RunDetails, runDetails } from '../history.ts';
import { withStore } from '../state.ts';
import type { Workspace } from '../workspace.ts';
import { elsewhere, endRun } from './hold.ts';

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
  const isHeard = elsewhere(systemClock);
  for (;;) {
    const details = await runDetails(place, run.id);
    const { status, ...now } = details.run;
    if (!OPEN.has(status)) return details;
    if (status !== 'interrupted' && now.host !== place.host && !isHeard({ ...now, status: 'running' }))
      await withStore(place, store => store.bury(({ id }) => id !== run.id));
    await systemClock.sleep(LOOK_AGAIN_MS, signal);
  }
}

/** Of a slot whose run has yet to begin; false when it has begun. */
async function leavesQueue(store: Store, run: string): Promise<boolean> {
  const decision = (await store.slots.waiting(WAITING_MAX)).find(each => each.run === run);
  return decision !== undefined && store.slots.withdraw(decision, 'cancelled', 'cancelled before it began');
}

const WAITING_MAX = 10_000;
const LOOK_AGAIN_MS = 100;
