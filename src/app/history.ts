// What happened before: runs, one run in full, its log; runs whose process died are named as such.
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { parseDuration } from '../core/units.ts';
import type { RunEvent } from '../run/events.ts';
import type { RunQuery, RunRecord, StepRecord, Store } from '../stores/store.ts';
import { isAlive } from './process-life.ts';
import { openStore } from './state.ts';
import type { Workspace } from './workspace.ts';

/** A run as people see it: `crashed`, or `interrupted` when a scheduler had it, when it says running but its process is gone. */
export interface RunView extends Omit<RunRecord, 'status'> {
  readonly status: RunRecord['status'] | 'crashed';
  readonly durationMs: number;
}

export interface HistoryRequest {
  readonly job?: string | undefined;
  readonly status?: string | undefined;
  /** `7d`, `12h`. */
  readonly last?: string | undefined;
  readonly limit: number;
}

export async function runHistory(place: Workspace, request: HistoryRequest): Promise<readonly RunView[]> {
  const ageMs = request.last === undefined ? undefined : parseDuration(request.last);
  if (request.last !== undefined && ageMs === undefined) {
    throw new AppError('usage', `--last ${request.last}: this is no duration`, { hint: 'Write 12h or 7d.' });
  }
  const query: RunQuery = {
    limit: request.limit,
    ...(request.job === undefined ? {} : { job: request.job }),
    ...(request.status === undefined ? {} : { status: request.status }),
    ...(ageMs === undefined ? {} : { since: systemClock.now() - ageMs }),
  };
  return withStore(place, async store => (await store.runs(query)).map(run => viewOf(run, place)));
}

export interface RunDetails {
  readonly run: RunView;
  readonly steps: readonly StepRecord[];
}

/** By id or unique prefix; `last` is the newest run. Throws AppError `run-missing`. */
export function runDetails(place: Workspace, id: string): Promise<RunDetails> {
  return withStore(place, async store => {
    const run = await findRun(store, id);
    return { run: viewOf(run, place), steps: await store.steps(run.id) };
  });
}

export function runLog(place: Workspace, id: string, step?: string): Promise<readonly RunEvent[]> {
  return withStore(place, async store => {
    const run = await findRun(store, id);
    return store.events(run.id, step);
  });
}

export interface JobStatus {
  readonly job: string;
  readonly last: RunView;
  readonly running: boolean;
}

/** Every job that ever ran, with its newest run. */
export function jobStatus(place: Workspace): Promise<readonly JobStatus[]> {
  return withStore(place, async store => {
    const result: JobStatus[] = [];
    for (const job of await store.jobs()) {
      const [newest] = await store.runs({ job, limit: 1 });
      if (newest === undefined) continue;
      const last = viewOf(newest, place);
      result.push({ job, last, running: last.status === 'running' });
    }
    return result;
  });
}

async function findRun(store: Store, id: string): Promise<RunRecord> {
  const run = id === 'last' ? (await store.runs({ limit: 1 }))[0] : await store.run(id);
  if (run === undefined)
    throw new AppError('run-missing', `there is no run ${id}`, { hint: 'List the runs with: postrider history' });
  return run;
}

function viewOf(run: RunRecord, { host }: Workspace): RunView {
  const dead = (run.status === 'running' || run.status === 'waiting') && run.host === host && !isAlive(run.pid, run.startedAt);
  return {
    ...run,
    status: dead ? (run.owner === undefined ? 'crashed' : 'interrupted') : run.status,
    durationMs: (run.finishedAt ?? (dead ? run.startedAt : systemClock.now())) - run.startedAt,
  };
}

/** Opens the store for one piece of work. */
export async function withStore<T>(place: Workspace, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(place, systemClock);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
