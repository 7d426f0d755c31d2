// Runs one job in the foreground: loads, plans, connects progress and store to the runner, and names the exit code.
import { type Clock, systemClock } from '../core/clock.ts';
import type { ErrorReport } from '../core/errors.ts';
import { systemRandom } from '../core/random.ts';
import { Redactor } from '../core/secret.ts';
import { printable } from '../core/text.ts';
import type { Raw } from '../job/job.ts';
import { type Plan, planJob } from '../plan/plan.ts';
import { createRenderer, type RendererIo, type RendererKind } from '../progress/renderer.ts';
import { dial } from '../protocols/net/dial.ts';
import type { RunListener, RunStatus } from '../run/events.ts';
import { runPlan } from '../run/runner.ts';
import { publicEnvironment } from '../secrets/environment.ts';
import type { RunFacts, StepFacts } from '../steps/step.ts';
import type { Store } from '../stores/store.ts';
import { tokensOf } from './accounts.ts';
import { endpointResolver } from './endpoints.ts';
import { EXIT, exitCodeOfRun } from './exit-codes.ts';
import { beginHeld } from './hold.ts';
import { interruptedBy } from './interruption.ts';
import { jobByName } from './jobs.ts';
import { stepOutbox } from './outbox/sender.ts';
import { pingListener } from './ping.ts';
import { newRunId } from './run-id.ts';
import { secretNeeds } from './secret-needs.ts';
import { secretsOf } from './secrets.ts';
import { openStore } from './state.ts';
import { overrideVariables } from './variables.ts';
import type { Workspace } from './workspace.ts';

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
  readonly trigger?: RunFacts['trigger'];
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
  const { workspace, clock = systemClock } = request;
  const { job } = await jobByName(request.job, workspace);
  const vars = overrideVariables(job.vars, request.set ?? []);
  const { only, from } = request;
  const plan = planJob(job, { ...(only === undefined ? {} : { only }), ...(from === undefined ? {} : { from }) });
  await secretsOf(workspace).unlockFor(secretNeeds(job).map(({ name }) => name));
  const store = await openStore(workspace, clock);
  const renderer = await createRenderer(request.renderer, request.io);
  try {
    return await runPlanned(request, { plan, vars, store, renderer, clock });
  } finally {
    await renderer.close();
    await store.close();
  }
}

interface Planned {
  readonly plan: Plan;
  readonly vars: Readonly<Record<string, Raw>>;
  readonly store: Store;
  readonly renderer: RunListener;
  readonly clock: Clock;
}

async function runPlanned(request: RunRequest, { plan, vars, store, renderer, clock }: Planned): Promise<RunResult> {
  const { job } = plan;
  const { signal, trigger = 'manual' } = request;
  const { host } = request.workspace;
  const env = publicEnvironment(request.workspace.env);
  const runId = newRunId(clock, systemRandom);
  const redactor = new Redactor();
  const { resolve } = secretsOf(request.workspace);
  const say = (line: string) => void request.io.stderr.write(`${printable(redactor.redact(line))}\n`);
  const tokens = (account: string) => tokensOf(account, request.workspace, redactor);
  const outside = { job, resolveSecret: resolve, tokensOf: tokens, redactor, vars, env, runId };
  const record = {
    id: runId,
    trigger,
    job: job.name,
    file: job.file,
    startedAt: clock.now(),
    host,
    status: 'running',
    pid: process.pid,
  } as const;
  await beginHeld(store, record, job.overlap, { clock, signal, say });
  const ping = await pingListener({ ...outside, say });
  const outcome = await runPlan(plan, {
    ...{ clock, random: systemRandom, signal, runId, trigger, host, env, vars, redactor, dial },
    listeners: [{ name: STORE, on: event => store.record(event) }, renderer, ...(ping === undefined ? [] : [ping])],
    resolveSecret: resolve,
    connection: endpointResolver(outside),
    ledger: step => store.ledger(job.name, step),
    history: historyOf(store, job.name, runId),
    outbox: stepOutbox(store, host, clock),
  });
  const { status, steps, error, dropped } = outcome;
  const unrecorded = dropped.find(({ listener }) => listener === STORE);
  if (unrecorded !== undefined) say(`the rest of this run was not recorded: ${unrecorded.error.message}`);
  const ended = exitCodeOfRun(status, error, interruptedBy(signal));
  const exitCode = unrecorded !== undefined && ended === EXIT.success ? EXIT.store : ended;
  return { runId, status, exitCode, steps, ...(error === undefined ? {} : { error }) };
}

/** The listener that remembers. */
const STORE = 'store';

function historyOf(store: Store, job: string, runId: string) {
  return {
    async recent(count: number) {
      const runs = await store.runs({ job, limit: count + 1 });
      return runs
        .filter(run => run.id !== runId && run.finishedAt !== undefined)
        .slice(0, count)
        .map(run => ({
          id: run.id,
          startedAt: run.startedAt,
          durationMs: (run.finishedAt ?? run.startedAt) - run.startedAt,
          status: run.status,
        }));
    },
  };
}
