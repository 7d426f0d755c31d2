// Runs one job in the foreground: loads, plans, connects progress and store to the runner, and names the exit code.
import { type Clock, systemClock } from '../../core/clock.ts';
import { CancelledError, type ErrorReport } from '../../core/errors.ts';
import { systemRandom } from '../../core/random.ts';
import { Redactor } from '../../core/secret.ts';
import { printable } from '../../core/text.ts';
import { prepareExpressions } from '../../job/expression-engine.ts';
import { type Snapshot, writeSnapshot } from '../../job/snapshot.ts';
import { planJob } from '../../plan/plan.ts';
import { createRenderer, type RendererIo, type RendererKind } from '../../progress/renderer.ts';
import type { RunListener, RunStatus } from '../../run/events.ts';
import type { Resume } from '../../run/resume.ts';
import type { RunFacts, StepFacts } from '../../steps/step.ts';
import type { RunRecord, StepRecord, Store } from '../../stores/store.ts';
import { EXIT, exitCodeOfRun } from '../exit-codes.ts';
import { interruptedBy } from '../interruption.ts';
import { jobByName } from '../jobs.ts';
import { secretNeeds } from '../secrets/secret-needs.ts';
import { secretsOf } from '../secrets/secrets.ts';
import { openStore } from '../state.ts';
import type { Workspace } from '../workspace.ts';
import { executeRun } from './execute-run.ts';
import { beat, beginHeld } from './hold.ts';
import { newRunId } from './run-id.ts';
import { overrideVariables } from './variables.ts';

export interface RunRequest {
  /** A path, or a name in the jobs folder. */
  readonly job: string;
  readonly workspace: Workspace;
  /** `name=value` pairs. */
  readonly set?: readonly string[];
  readonly only?: string | undefined;
  readonly from?: string | undefined;
  readonly renderer: RendererKind;
  readonly io: RendererIo;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

export interface RunResult {
  readonly runId: string;
  readonly status: RunStatus;
  readonly exitCode: number;
  readonly steps: readonly StepFacts[];
  readonly error?: ErrorReport;
}

/** Throws AppError before the run starts (job missing or invalid, store unusable); afterwards everything is in the result. */
export async function runJob(request: RunRequest): Promise<RunResult> {
  const { workspace, only, from } = request;
  const { job } = await jobByName(request.job, workspace);
  const snapshot = { job: { ...job, vars: overrideVariables(job.vars, request.set ?? []) }, only, from };
  return runSnapshot(request, snapshot, async () => ({ trigger: 'manual' }));
}

/** What a run is begun with besides its definition. */
export interface Beginning {
  readonly trigger: RunFacts['trigger'];
  readonly retryOf?: string;
  readonly steps?: readonly StepRecord[];
  readonly resume?: Resume;
}

/** Runs in the foreground; `beginning` is asked when the store is open. */
export async function runSnapshot(
  request: Pick<RunRequest, 'workspace' | 'renderer' | 'io' | 'signal' | 'clock'>,
  snapshot: Snapshot,
  beginning: (store: Store) => Promise<Beginning>,
): Promise<RunResult> {
  const { workspace, clock = systemClock } = request;
  await prepareExpressions();
  // A part that does not exist is said before anything else happens.
  planJob(snapshot.job, snapshot);
  await secretsOf(workspace).unlockFor(secretNeeds(snapshot.job).map(({ name }) => name));
  const store = await openStore(workspace, clock);
  const renderer = createRenderer(request.renderer, request.io);
  try {
    const begun = await beginning(store);
    return await runBegun({ ...request, clock, store, renderer, snapshot, ...begun });
  } finally {
    await renderer.close();
    await store.close();
  }
}

interface Begun extends Pick<RunRequest, 'workspace' | 'io' | 'signal'>, Beginning {
  readonly clock: Clock;
  readonly store: Store;
  readonly renderer: RunListener;
  readonly snapshot: Snapshot;
}

async function runBegun({ trigger, retryOf, steps, resume, ...begun }: Begun): Promise<RunResult> {
  const { workspace, clock, store, snapshot } = begun;
  const { job } = snapshot;
  const redactor = new Redactor();
  const say = (line: string) => void begun.io.stderr.write(`${printable(redactor.redact(line))}\n`);
  const record: RunRecord = {
    ...{ id: newRunId(clock, systemRandom), trigger, job: job.name, file: job.file },
    ...{ startedAt: clock.now(), host: workspace.host, status: 'running', pid: process.pid },
    ...(retryOf === undefined ? {} : { retryOf }),
  };
  const definition = writeSnapshot(snapshot);
  const [over, wanted] = [new AbortController(), new AbortController()];
  const signal = AbortSignal.any([begun.signal, wanted.signal]);
  const beating = beat(store, record.id, clock, over.signal, () => wanted.abort(new CancelledError()));
  try {
    await beginHeld(store, record, { overlap: job.overlap, definition, steps: steps ?? [] }, { clock, signal, say });
    return await runHeld({ ...begun, record, signal, say, redactor, ...(resume === undefined ? {} : { resume }) });
  } finally {
    over.abort();
    await beating;
  }
}

interface Held extends Begun {
  readonly record: RunRecord;
  readonly redactor: Redactor;
  readonly say: (line: string) => void;
}

async function runHeld({ renderer, record, resume, ...held }: Omit<Held, 'trigger'>): Promise<RunResult> {
  const { store, say, signal } = held;
  const outcome = await executeRun({
    ...held,
    record,
    listeners: [{ name: STORE, on: event => store.record(event) }, renderer],
    ...(resume === undefined ? {} : { resume }),
  });
  const { status, error, dropped } = outcome;
  const unrecorded = dropped.find(({ listener }) => listener === STORE);
  if (unrecorded !== undefined) say(`the rest of this run was not recorded: ${unrecorded.error.message}`);
  const ended = exitCodeOfRun(status, error, interruptedBy(signal));
  const exitCode = unrecorded !== undefined && ended === EXIT.success ? EXIT.store : ended;
  return { runId: record.id, status, exitCode, steps: outcome.steps, ...(error === undefined ? {} : { error }) };
}

/** The listener that remembers. */
const STORE = 'store';
