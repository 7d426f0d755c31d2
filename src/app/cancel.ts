// Ends a run from another terminal, as Ctrl-C in its own would.
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { type RunDetails, runDetails } from './history.ts';
import type { Workspace } from './workspace.ts';

/** Asks the run's process to end and waits until it has. Throws AppError `run-missing`, `run-over`, `run-elsewhere`, `run-of-scheduler`. */
export async function cancelRun(place: Workspace, id: string, signal: AbortSignal): Promise<RunDetails> {
  const { run } = await runDetails(place, id);
  if (run.status !== 'running') {
    throw new AppError(
      'run-over',
      `run ${run.id} does not run any more: it ${run.status === 'crashed' ? 'crashed' : `ended as ${run.status}`}`,
    );
  }
  if (run.host !== place.host) {
    throw new AppError('run-elsewhere', `run ${run.id} runs on ${run.host}`, { hint: 'Cancel it there.' });
  }
  if (run.trigger === 'schedule') {
    throw new AppError('run-of-scheduler', `run ${run.id} belongs to the scheduler, process ${run.pid}`, {
      hint: `It cannot be ended alone yet; \`kill ${run.pid}\` ends the scheduler and everything it runs.`,
    });
  }
  process.kill(run.pid, 'SIGTERM');
  for (;;) {
    const details = await runDetails(place, run.id);
    if (details.run.status !== 'running') return details;
    await systemClock.sleep(LOOK_AGAIN_MS, signal);
  }
}

const LOOK_AGAIN_MS = 100;
