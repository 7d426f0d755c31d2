// One run of a scheduler from its beginning, or from where a crash left it, to its end: recorded under its fence, told to the log.
import type { Clock } from '../../core/clock.ts';
import { AppError, CancelledError, type ErrorReport, reportOf } from '../../core/errors.ts';
import { Redactor } from '../../core/secret.ts';
import { headline } from '../../core/text.ts';
import type { Job, JobStep } from '../../job/job.ts';
import { readSnapshot, type Snapshot } from '../../job/snapshot.ts';
import type { RunEvent, RunListener } from '../../run/events.ts';
import type { Places } from '../../run/places.ts';
import { type Execute, Handover, Lost, type RunOrder } from '../../schedule/active-runs.ts';
import type { Say } from '../../schedule/report.ts';
import { stepTypes } from '../../steps/registry.ts';
import type { RunRecord, Store } from '../../stores/store.ts';
import { executeRun } from '../run/execute-run.ts';
import type { Workspace } from '../workspace.ts';
import { resumeOf } from './resume.ts';
import { runLog } from './run-log.ts';

export interface ExecutorOptions {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly clock: Clock;
  readonly places: Places;
  readonly say: Say;
  /** The job as its file says now. */
  readonly today: (job: string) => Job | undefined;
}

export function executor(options: ExecutorOptions): Execute {
  return async order => {
    const { record } = order;
    try {
      const snapshot = await snapshotOf(order, options);
      const { maxCrashes } = snapshot.job;
      // A run that may repeat nothing any more has had its chance to run clean-up and alerts, too.
      if ((record.crashes ?? 0) > maxCrashes + 1) throw crashedTooOften(record);
      await execute(order, snapshot, options);
    } catch (error) {
      const report = reportOf(error);
      // A store that was busy or full at the wrong moment is no end: the run is taken up again.
      if (report.code === 'store-unusable' && report.retry === 'later') throw error;
      await giveUp(record, report, options);
    }
  };
}

async function execute(order: RunOrder, snapshot: Snapshot, options: ExecutorOptions): Promise<void> {
  const { workspace, store, clock, places, say } = options;
  const { record, settled } = order;
  const { job } = snapshot;
  const recorder = new PatientRecorder(order, job, options);
  const note = (message: string) => say({ level: 'warning', event: 'run-note', job: job.name, run: record.id, message });
  const resume = order.job === undefined ? await resumeOf(store, record, job.maxCrashes) : undefined;
  await executeRun({
    ...{ workspace, store, clock, record, snapshot, redactor: new Redactor() },
    signal: recorder.signal,
    listeners: [recorder, runLog(record, say)],
    withholds: event => recorder.withholds(event),
    say: note,
    takePlace: async (step, signal) => {
      const leave = await places.take(keysOf(step, job), signal);
      settled();
      return leave;
    },
    ...(resume === undefined ? {} : { resume }),
  });
  await recorder.close();
}

async function snapshotOf({ record, job }: RunOrder, { store, today }: ExecutorOptions): Promise<Snapshot> {
  if (job !== undefined) return { job };
  const text = await store.definition(record.id);
  if (text === undefined) throw new AppError('crashed', 'its scheduler died, and its definition was not kept');
  return readSnapshot(text, stepTypes, today(record.job));
}

/** The server that a step talks to, as jobs that share it write it. */
function keysOf(step: JobStep, job: Job): readonly string[] {
  const name = step.with['connection'];
  const connection = typeof name === 'string' ? job.connections[name] : undefined;
  if (connection === undefined) return [];
  const { type, user = '', host, port } = connection;
  return [`${type}://${user}@${host}:${port}`];
}

const WAIT_MS_MIN = 1_000;
const WAIT_MS_MAX = 30_000;

/** Records as long as the run is ours; a store that has no room for now is waited for, and the run waits with it. */
class PatientRecorder implements RunListener {
  readonly name = 'store';
  readonly signal: AbortSignal;
  readonly #order: RunOrder;
  readonly #job: Job;
  readonly #options: ExecutorOptions;
  readonly #own = new AbortController();
  #unfinished = false;

  constructor(order: RunOrder, job: Job, options: ExecutorOptions) {
    this.#order = order;
    this.#job = job;
    this.#options = options;
    this.signal = AbortSignal.any([order.signal, this.#own.signal]);
  }

  on(event: RunEvent): Promise<void> {
    return this.#record(event);
  }

  /** What ends only because the run leaves these hands has not ended. */
  withholds(event: RunEvent): boolean {
    const { reason } = this.signal;
    const isEnd = event.type === 'run-finished';
    const handedOver = reason instanceof Handover && (isCutShort(event, this.#job) || (isEnd && this.#unfinished));
    this.#unfinished ||= handedOver;
    return handedOver || reason instanceof Lost;
  }

  /** Leaves to the next scheduler what this one did not finish. */
  async close(): Promise<void> {
    const { store, say } = this.#options;
    const { id, job, fence = 1 } = this.#order.record;
    if (!this.#unfinished || !(await store.owners.handBack(id, fence))) return;
    say({ level: 'warning', event: 'run-interrupted', job, run: id, message: 'left for the next scheduler' });
  }

  async #record(event: RunEvent): Promise<void> {
    const { store, clock, say } = this.#options;
    const { id, job, fence = 1 } = this.#order.record;
    for (let waitMs = WAIT_MS_MIN; ; waitMs = Math.min(WAIT_MS_MAX, waitMs * 2)) {
      try {
        return await store.record(event, fence);
      } catch (error) {
        const report = reportOf(error);
        if (report.code === 'run-lost') return this.#own.abort(new Lost());
        if (report.retry !== 'later' || event.type === 'step-progress') throw error;
        const message = `cannot be recorded, waiting: ${report.message}`;
        if (waitMs === WAIT_MS_MIN) say({ level: 'error', event: 'store-trouble', job, run: id, message });
        await clock.sleep(waitMs, this.#order.signal);
      }
    }
  }
}

/** Cancelled, or failed without all that is to run after a failure. */
function isCutShort(event: RunEvent, { onFailure }: Job): boolean {
  if (event.type !== 'step-finished' && event.type !== 'run-finished') return false;
  if (event.type === 'step-finished' || event.status === 'cancelled') return event.status === 'cancelled';
  return event.status !== 'succeeded' && onFailure.some(({ id }) => event.steps[id] === undefined);
}

function crashedTooOften({ crashes }: RunRecord): AppError {
  return new AppError('crashed', `the process that ran it died ${crashes} times`, {
    hint: 'Find out why before you run it again; `max-crashes` says how often a run is taken up.',
  });
}

/** A run that cannot even begin, or go on, ends all the same. */
async function giveUp(record: RunRecord, error: ErrorReport, { store, clock, say }: ExecutorOptions): Promise<void> {
  const { id, job, fence = 1 } = record;
  const steps = await store.steps(id);
  const statuses = steps.map(({ step, status }) => [
    step,
    status === 'running' ? 'failed' : status === 'pending' ? 'cancelled' : status,
  ]);
  const head = { seq: (await store.lastSeq(id)) + 1, at: clock.now(), run: id };
  const durationMs = clock.now() - record.startedAt;
  const finished = { type: 'run-finished', status: 'failed', steps: Object.fromEntries(statuses), durationMs, error } as const;
  await store.record({ ...head, ...finished }, fence).catch((cause: unknown) => {
    if (!(cause instanceof CancelledError) && reportOf(cause).code !== 'run-lost') throw cause;
  });
  say({
    level: 'error',
    event: 'run-finished',
    job,
    run: id,
    message: `failed: ${headline(error.message)}`,
    facts: { status: 'failed', code: error.code },
  });
}
