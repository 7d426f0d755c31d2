// What happened before: runs, one run in full, its log; runs whose process died are named as such.
import { systemClock } from '../core/clock.ts';
import { didYouMean } from '../core/diagnostic.ts';
import { AppError } from '../core/errors.ts';
import { parseDuration } from '../core/units.ts';
import type { RunEvent } from '../run/events.ts';
import type { Decision, RunQuery, RunRecord, StepRecord, Store } from '../stores/store.ts';
import { isAlive } from './process-life.ts';
import { openStore, withStore } from './state.ts';
import type { Workspace } from './workspace.ts';

/** A run as people see it: `crashed`, or `interrupted` when a scheduler had it, when it says running but its process is gone. */
export interface RunView extends Omit<RunRecord, 'status'> {
  readonly status: RunRecord['status'] | 'crashed';
  /** Of one that has ended, or goes on; how long one worked whose process died is not known. */
  readonly durationMs?: number;
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
  return withStore(place, async store => {
    const began = (await store.runs(query)).map(run => viewOf(run, place));
    return [...(await queuedRuns(store, query)), ...began].slice(0, request.limit);
  });
}

const QUEUED_MAX = 10_000;

/** Slots whose run is decided and has yet to begin, as runs that wait; the newest first. */
export async function queuedRuns(store: Store, { job, status, since = 0 }: Partial<RunQuery> = {}): Promise<readonly RunView[]> {
  if (status !== undefined && status !== 'waiting') return [];
  const decisions = await store.slots.waiting(QUEUED_MAX);
  return decisions
    .filter(each => (job === undefined || each.job === job) && each.decidedAt >= since)
    .map(queuedView)
    .toReversed();
}

/** Nobody has it in hand yet: neither a file nor a process is known. */
function queuedView({ job, slot, decidedAt, run = '' }: Decision): RunView {
  const nobody = { file: '', host: '', pid: 0 };
  return { id: run, job, slot, trigger: 'schedule', startedAt: decidedAt, status: 'waiting', ...nobody };
}

export interface RunDetails {
  readonly run: RunView;
  readonly steps: readonly StepRecord[];
}

/** By id or unique prefix; `last` is the newest run. Throws AppError `run-missing`. */
export function runDetails(place: Workspace, id: string): Promise<RunDetails> {
  return withStore(place, async store => {
    const queued = id === 'last' || id === '' ? [] : (await queuedRuns(store)).filter(run => run.id.startsWith(id));
    if (queued[0] !== undefined && queued.length === 1 && (await store.run(id)) === undefined)
      return { run: queued[0], steps: [] };
    const run = await findRun(store, id);
    return { run: viewOf(run, place), steps: await store.steps(run.id) };
  });
}

export interface LogRequest {
  readonly id: string;
  readonly step?: string | undefined;
  /** Aborts when the run has ended, or nobody wants to hear more; absent: only what is there. */
  readonly follow?: AbortSignal;
}

const LOOK_AGAIN_MS = 300;

/** The log as it is, then as it grows when it is followed. Throws AppError `run-missing`. */
export async function* runLog(place: Workspace, { id, step, follow }: LogRequest): AsyncGenerator<RunEvent> {
  const store = await openStore(place, systemClock);
  try {
    const { id: run } = await findRun(store, id);
    // While it goes on, steps of `on-failure` may still come.
    if (step !== undefined && follow === undefined) await checkStep(store, run, step);
    for (let after = 0; ; ) {
      const now = await store.run(run);
      for (const event of await store.events(run, step, after)) {
        after = event.seq;
        yield event;
      }
      if (follow === undefined || now === undefined || !OPEN.has(viewOf(now, place).status)) return;
      await systemClock.sleep(LOOK_AGAIN_MS, follow);
    }
  } finally {
    await store.close();
  }
}

/** Throws AppError `unknown-step`. A run that has yet to begin has none. */
async function checkStep(store: Store, run: string, step: string): Promise<void> {
  const ids = (await store.steps(run)).map(each => each.step);
  if (ids.length === 0 || ids.includes(step)) return;
  const near = didYouMean(step, ids);
  throw new AppError('unknown-step', `--step ${step}: the run has no such step`, {
    hint: near === undefined ? `Its steps: ${ids.join(', ')}.` : `Did you mean ${near}?`,
  });
}

/** A run that goes on, or will. */
export const OPEN: ReadonlySet<string> = new Set(['running', 'interrupted', 'waiting']);

export async function findRun(store: Store, id: string): Promise<RunRecord> {
  const run = id === 'last' ? (await store.runs({ limit: 1 }))[0] : await store.run(id);
  if (run === undefined)
    throw new AppError('run-missing', `there is no run ${id}`, {
      hint: 'List the runs with: postrider history. The beginning of an id is enough where only one run begins so.',
    });
  return run;
}

export function viewOf(run: RunRecord, { host }: Workspace): RunView {
  const dead = (run.status === 'running' || run.status === 'waiting') && run.host === host && !isAlive(run.pid, run.startedAt);
  const status = dead ? (run.owner === undefined ? 'crashed' : 'interrupted') : run.status;
  const until = run.finishedAt ?? (status === 'running' ? systemClock.now() : undefined);
  return { ...run, status, ...(until === undefined ? {} : { durationMs: until - run.startedAt }) };
}
