// Keeps a job from being started by its schedule, with the reason, until it is resumed.
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { InvalidJobError, jobByName } from '../jobs.ts';
import { withStore } from '../state.ts';
import type { Workspace } from '../workspace.ts';

/** Gives back the job's name. Throws AppError `job-missing`. */
export async function pauseJob(place: Workspace, nameOrPath: string, reason: string | undefined): Promise<string> {
  const job = await nameOf(place, nameOrPath);
  const pause = { job, since: systemClock.now(), ...(reason === undefined ? {} : { reason }) };
  await withStore(place, store => store.slots.pause(pause));
  return job;
}

/** Throws AppError `not-paused`, `job-missing`. */
export async function resumeJob(place: Workspace, nameOrPath: string): Promise<string> {
  const paused = await withStore(place, store => store.slots.resume(nameOrPath));
  if (paused) return nameOrPath;
  const job = await nameOf(place, nameOrPath);
  if (await withStore(place, store => store.slots.resume(job))) return job;
  throw new AppError('not-paused', `${job} is not paused`);
}

/** A file that is wrong at the moment is paused by its name all the same. */
async function nameOf(place: Workspace, nameOrPath: string): Promise<string> {
  try {
    return (await jobByName(nameOrPath, place)).job.name;
  } catch (error) {
    if (error instanceof InvalidJobError && !/[\\/.]/.test(nameOrPath)) return nameOrPath;
    throw error;
  }
}
