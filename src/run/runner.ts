// Plan → outcome: every step starts when all it needs has ended, and every run ends in exactly one `run-finished`.
import { cancelled } from '../core/clock.ts';
import { type AppError, CancelledError, type ErrorReport, reportOf } from '../core/errors.ts';
import { evaluateCondition } from '../job/expressions.ts';
import type { Plan, PlannedStep } from '../plan/plan.ts';
import type { StepFacts } from '../steps/step.ts';
import type { RunDeps, RunOutcome } from './deps.ts';
import { Emitter } from './emitter.ts';
import type { RunStatus } from './events.ts';
import { expressionContext } from './expression-context.ts';
import { outline } from './outline.ts';
import { type ConditionStatus, conditionStatus, isFailure, isReady } from './readiness.ts';
import type { RunScope } from './scope.ts';
import { PARALLEL_STEPS_MAX, Slots } from './slots.ts';
import { type Ending, RunState } from './state.ts';
import { runStep } from './step-run.ts';
import { RunStop } from './stop.ts';

/** Never rejects for what a step or a listener does. */
export async function runPlan(plan: Plan, deps: RunDeps): Promise<RunOutcome> {
  const startedAt = deps.clock.elapsed();
  const scope = openScope(plan, deps);
  try {
    const steps = await Promise.all(plan.steps.map(planned => outline(planned, plan.job.name, deps)));
    await scope.emitter.emit({ type: 'run-started', job: plan.job.name, steps });
    await goOn(plan.steps, scope);
    await runGraph(plan.steps, scope);
    const { status, error } = verdict(scope);
    if (status === 'failed' || status === 'timed-out') await runHandlers(plan.onFailure, scope);
    return await finish(scope, status, error, Math.round(deps.clock.elapsed() - startedAt));
  } finally {
    scope.stop.close();
  }
}

function openScope(plan: Plan, deps: RunDeps): RunScope {
  const { clock, redactor, runId, listeners, resume } = deps;
  const { name, description, file, workdir, timeoutMs } = plan.job;
  return {
    deps,
    job: { name, file, workdir, ...(description === undefined ? {} : { description }) },
    run: { id: runId, startedAt: resume?.startedAt ?? clock.now(), host: deps.host, trigger: deps.trigger },
    graph: new Map(plan.steps.map(planned => [planned.step.id, planned])),
    state: new RunState(plan.steps, redactor),
    emitter: new Emitter({
      ...{ runId, clock, redactor, listeners, firstStep: plan.steps[0]?.step.id ?? '' },
      ...(resume === undefined ? {} : { lastSeq: resume.lastSeq }),
    }),
    slots: new Slots(PARALLEL_STEPS_MAX),
    stop: new RunStop(clock, deps.signal, timeoutMs),
  };
}

/** Takes over what has ended already, and says at the first step that has not why there is a second beginning. */
async function goOn(steps: readonly PlannedStep[], { deps, state, emitter }: RunScope): Promise<void> {
  const { resume } = deps;
  if (resume === undefined) return;
  for (const { step } of steps) {
    const ended = resume.ended.get(step.id);
    if (ended === undefined) continue;
    state.restore(step.id, ended);
    // A new run tells of what it keeps; one that goes on has told.
    if (resume.lastSeq === 0) {
      const tolerated = state.standing(step.id)?.tolerated ?? false;
      await emitter.emit({ type: 'step-finished', step: step.id, tolerated, ...ended });
    }
  }
  const first = steps.find(({ step }) => !resume.ended.has(step.id));
  if (first !== undefined)
    await emitter.emit({ type: 'step-note', step: first.step.id, level: resume.noteLevel ?? 'warning', message: resume.note });
}

/** Starts what is ready; every end may make more ready. Resolves when nothing is left. */
async function runGraph(steps: readonly PlannedStep[], scope: RunScope): Promise<void> {
  const begun = new Set<PlannedStep>(steps.filter(({ step }) => scope.deps.resume?.ended.has(step.id)));
  const advance = async (): Promise<void> => {
    const ready = steps.filter(planned => !begun.has(planned) && isReady(planned, id => scope.state.standing(id)));
    for (const planned of ready) begun.add(planned);
    await Promise.all(ready.map(planned => conclude(planned, scope, () => decide(planned, scope)).then(advance)));
  };
  await advance();
}

/** In order, each whatever became of the one before; their own `if` sees both success() and failure(). */
async function runHandlers(handlers: readonly PlannedStep[], scope: RunScope): Promise<void> {
  for (const planned of handlers) {
    if (scope.stop.interrupted) return;
    scope.state.add(planned);
    const ended = scope.deps.resume?.ended.get(planned.step.id);
    if (ended !== undefined) {
      scope.state.restore(planned.step.id, ended);
      continue;
    }
    const status = { success: true, failure: true, cancelled: scope.stop.timedOut };
    await conclude(planned, scope, () => runIf(planned, status, scope));
  }
}

async function conclude(planned: PlannedStep, scope: RunScope, work: () => Promise<Ending>): Promise<void> {
  const { clock } = scope.deps;
  const startedAt = clock.elapsed();
  const ending = await work().catch((error: unknown): Ending => ({ status: 'failed', error }));
  const facts = scope.state.settle(planned.step.id, ending, clock.elapsed() - startedAt);
  const { status: _, outputs, tolerated, attempts, durationMs, error } = facts;
  const body = { step: planned.step.id, status: ending.status, outputs, tolerated, attempts, durationMs };
  await scope.emitter.emit({ type: 'step-finished', ...body, ...(error === undefined ? {} : { error }) });
}

async function decide(planned: PlannedStep, scope: RunScope): Promise<Ending> {
  if (planned.excluded) return { status: 'skipped' };
  if (scope.stop.interrupted) return { status: 'cancelled', error: cancelled(scope.stop.interrupt) };
  const status = conditionStatus(planned, scope.graph, id => scope.state.standing(id), scope.stop.timedOut);
  return runIf(planned, status, scope);
}

async function runIf(planned: PlannedStep, status: ConditionStatus, scope: RunScope): Promise<Ending> {
  const { condition } = planned.step;
  // As on GitHub, `if` sees no secrets.
  if (evaluateCondition(condition, await expressionContext(null, status, scope))) return runStep(planned, status, scope);
  if (!scope.stop.timedOut) return { status: 'skipped' };
  return { status: 'cancelled', error: new CancelledError('the job ran out of time before this step') };
}

/** Over the steps of the graph alone: on-failure steps do not change what became of the run. */
function verdict({ state, stop }: RunScope): { status: RunStatus; error: ErrorReport | undefined } {
  const facts = state.facts();
  const has = (test: (step: StepFacts) => boolean) => facts.some(test);
  if (stop.interrupted && has(step => step.status === 'cancelled')) {
    return { status: 'cancelled', error: reportOf(stop.interrupt.reason as AppError) };
  }
  if (stop.timedOut && has(step => step.status === 'cancelled' || step.error?.code === 'run-timed-out')) {
    return { status: 'timed-out', error: state.firstError ?? facts.find(step => step.status === 'cancelled')?.error };
  }
  return has(isFailure) ? { status: 'failed', error: state.firstError } : { status: 'succeeded', error: undefined };
}

async function finish(
  scope: RunScope,
  status: RunStatus,
  error: ErrorReport | undefined,
  durationMs: number,
): Promise<RunOutcome> {
  const { state, emitter } = scope;
  const steps = state.facts();
  const failure = error === undefined ? {} : { error };
  const statuses = Object.fromEntries(steps.map(step => [step.id, step.status]));
  await emitter.emit({ type: 'run-finished', status, steps: statuses, durationMs, ...failure });
  return { status, steps, durationMs, ...failure, dropped: emitter.dropped };
}
