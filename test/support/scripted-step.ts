// Step types that do what a test tells them, and the plan and deps to run them with.
import { DEFAULT_RETRY, type RetryPolicy } from '../../src/core/backoff.ts';
import { type Clock, cancelled } from '../../src/core/clock.ts';
import { anything } from '../../src/core/schema.ts';
import { Redactor, Secret } from '../../src/core/secret.ts';
import type { Job, JobStep, Raw } from '../../src/job/job.ts';
import type { Plan, PlannedStep } from '../../src/plan/plan.ts';
import type { RunDeps } from '../../src/run/deps.ts';
import type { RunEvent, RunListener } from '../../src/run/events.ts';
import type { Outputs, StepContext, StepType } from '../../src/steps/step.ts';

export type Script = (context: StepContext, attempt: number, config: unknown) => Promise<Outputs> | Outputs;

export interface ScriptedStep {
  readonly id: string;
  readonly needs?: readonly string[];
  readonly if?: string;
  readonly run?: Script;
  readonly with?: Readonly<Record<string, Raw>>;
  readonly timeoutMs?: number;
  readonly continueOnError?: boolean;
  readonly retry?: Partial<RetryPolicy>;
  readonly repeatable?: boolean;
  readonly excluded?: boolean;
}

export function scriptedPlan(
  steps: readonly ScriptedStep[],
  options: { timeoutMs?: number; onFailure?: readonly ScriptedStep[] } = {},
): Plan {
  const planned = steps.map(plannedStep);
  const onFailure = (options.onFailure ?? []).map(plannedStep);
  const job: Job = {
    name: 'test-job',
    file: '/jobs/test-job.yaml',
    workdir: '/jobs',
    schedules: [],
    overlap: 'queue',
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
    maxCrashes: 3,
    vars: {},
    connections: {},
    steps: planned.map(({ step }) => step),
    onFailure: onFailure.map(({ step }) => step),
  };
  return { job, steps: planned, onFailure, waves: [] };
}

function plannedStep(scripted: ScriptedStep): PlannedStep {
  return { step: jobStep(scripted), needs: scripted.needs ?? [], excluded: scripted.excluded ?? false };
}

function jobStep(scripted: ScriptedStep): JobStep {
  return {
    id: scripted.id,
    uses: 'scripted',
    type: stepType(scripted),
    with: scripted.with ?? {},
    needs: scripted.needs ?? [],
    condition: scripted.if ?? 'success()',
    ...(scripted.timeoutMs === undefined ? {} : { timeoutMs: scripted.timeoutMs }),
    continueOnError: scripted.continueOnError ?? false,
    retry: { ...DEFAULT_RETRY, ...scripted.retry },
  };
}

function stepType({ run = () => ({}), repeatable = true }: ScriptedStep): StepType {
  let attempt = 0;
  return {
    name: 'scripted',
    summary: 'Does what the test says.',
    schema: anything(),
    repeatable: () => repeatable,
    describe: () => 'scripted',
    preview: async () => ({ summary: '', actions: [] }),
    run: async (config, context) => {
      attempt += 1;
      return run(context, attempt, config);
    },
  };
}

/** Waits until it is told to stop. */
export function untilAborted({ signal }: StepContext): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(cancelled(signal));
    signal.addEventListener('abort', () => reject(cancelled(signal)), { once: true });
  });
}

/** Hears nothing and never ends. */
export function deaf(): Promise<never> {
  return new Promise(() => undefined);
}

export class Recording implements RunListener {
  readonly name = 'recording';
  readonly events: RunEvent[] = [];

  on(event: RunEvent): void {
    this.events.push(event);
  }

  /** `type step` or `type`, for comparing whole runs. */
  get types(): string[] {
    return this.events.map(event => ('step' in event ? `${event.type} ${event.step}` : event.type));
  }

  of<T extends RunEvent['type']>(type: T): (RunEvent & { type: T })[] {
    return this.events.filter((event): event is RunEvent & { type: T } => event.type === type);
  }
}

export function scriptedDeps(clock: Clock, overrides: Partial<RunDeps> = {}): RunDeps {
  const ledger = new Map<string, unknown>();
  return {
    clock,
    random: { fraction: () => 0.5, bytes: count => Buffer.alloc(count, 7) },
    signal: new AbortController().signal,
    runId: 'run-1',
    trigger: 'manual',
    host: 'testhost',
    listeners: [],
    redactor: new Redactor(),
    env: {},
    vars: {},
    resolveSecret: async name => new Secret(`secret-value-of-${name}`),
    connection: async () => {
      throw new Error('no connection here');
    },
    dial: async () => {
      throw new Error('no dialling here');
    },
    ledger: () => ({
      get: async key => ledger.get(key),
      put: async (key, value) => void ledger.set(key, value),
      delete: async key => void ledger.delete(key),
    }),
    history: { recent: async () => [] },
    ...overrides,
  };
}
