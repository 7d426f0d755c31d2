// One step from its first try to its end: attempts, waits between them, its timeout.

import { nextDelay } from '../core/backoff.ts';
import type { Timer } from '../core/clock.ts';
import { AppError, CancelledError, reportOf } from '../core/errors.ts';
import { formatDuration } from '../core/units.ts';
import type { JobStep } from '../job/job.ts';
import type { PlannedStep } from '../plan/plan.ts';
import { type AttemptResult, runAttempt } from './attempt.ts';
import type { ConditionStatus } from './readiness.ts';
import type { RunScope } from './scope.ts';
import type { Ending } from './state.ts';
import { NOTES_PER_STEP_MAX, type NoteBudget, noteStep } from './step-context.ts';
import { startTimer } from './stop.ts';

/** Never throws: whatever goes wrong is the step's ending. */
export async function runStep(planned: PlannedStep, status: ConditionStatus, scope: RunScope): Promise<Ending> {
  const { step } = planned;
  const timeout = new AbortController();
  const signal = AbortSignal.any([scope.stop.signal(), timeout.signal]);
  let timer: Timer | undefined;
  const startTimeout = () => {
    if (step.timeoutMs !== undefined) {
      timer ??= startTimer(scope.deps.clock, step.timeoutMs, () => timeout.abort(stepTimedOut(step)));
    }
  };
  try {
    return await attempts({ planned, status, scope, signal, budget: { left: NOTES_PER_STEP_MAX }, startTimeout });
  } catch (error) {
    return { status: 'failed', error };
  } finally {
    timer?.cancel();
  }
}

interface StepWork {
  readonly planned: PlannedStep;
  readonly status: ConditionStatus;
  readonly scope: RunScope;
  readonly signal: AbortSignal;
  readonly budget: NoteBudget;
  /** The step's timeout covers all attempts and the waits between them, not the wait for a free slot before the first. */
  readonly startTimeout: () => void;
}

async function attempts(work: StepWork): Promise<Ending> {
  const { planned, scope, signal } = work;
  const { clock } = scope.deps;
  const { id } = planned.step;
  let startedAt: number | undefined;
  for (let attempt = 1; ; attempt++) {
    const leave = await enter(work);
    if (leave === undefined) return stopped(signal);
    startedAt ??= clock.elapsed();
    work.startTimeout();
    let result: AttemptResult;
    try {
      scope.state.started(id, attempt);
      await scope.emitter.emit({ type: 'step-started', step: id, uses: planned.step.uses, attempt });
      result = await runAttempt({ ...work, afterCrash: attempt === 1 && scope.deps.resume?.interrupted.has(id) === true });
    } finally {
      leave();
    }
    if (result.ok) return { status: 'succeeded', outputs: result.outputs };
    if (signal.aborted) return stoppedWith(result.error, work);
    const delayMs = delayAfter(result, work, { attempt, elapsedMs: clock.elapsed() - startedAt });
    if (delayMs === undefined) return endingOf(result.error);
    await scope.emitter.emit({ type: 'step-retrying', step: id, attempt, delayMs, error: reportOf(result.error) });
    try {
      await clock.sleep(delayMs, signal);
    } catch {
      return stopped(signal);
    }
  }
}

/** A slot of the run and a place among all runs; undefined when the step is stopped before it has both. */
async function enter({ planned, scope, signal }: StepWork): Promise<(() => void) | undefined> {
  if (!(await scope.slots.take(signal))) return undefined;
  const { takePlace } = scope.deps;
  const leave = takePlace === undefined ? () => undefined : await takePlace(planned.step, signal);
  if (leave === undefined) scope.slots.release();
  return leave === undefined
    ? undefined
    : () => {
        leave();
        scope.slots.release();
      };
}

/** Undefined when no further try is allowed, useful, or possible before the step's timeout. */
function delayAfter(
  result: Extract<AttemptResult, { ok: false }>,
  { planned, scope }: StepWork,
  { attempt, elapsedMs }: { attempt: number; elapsedMs: number },
): number | undefined {
  if (!result.repeatable) return undefined;
  const { retry, timeoutMs = Number.POSITIVE_INFINITY } = planned.step;
  const delayMs = nextDelay(retry, { attempt, elapsedMs, retry: reportOf(result.error).retry }, scope.deps.random);
  return delayMs === undefined || elapsedMs + delayMs >= timeoutMs ? undefined : delayMs;
}

function endingOf(error: unknown): Ending {
  return { status: error instanceof CancelledError ? 'cancelled' : 'failed', error };
}

/** The reason of the stop is the ending; an error that came instead of a clean stop is said besides. */
function stoppedWith(error: unknown, { planned, scope, signal, budget }: StepWork): Ending {
  const expected = error === signal.reason || error instanceof CancelledError || (error as Error).name === 'AbortError';
  if (!expected) noteStep(scope, planned.step.id, 'warning', `while stopping: ${reportOf(error).message}`, budget);
  return stopped(signal);
}

function stopped(signal: AbortSignal): Ending {
  const reason = signal.reason;
  return { status: reason instanceof CancelledError ? 'cancelled' : 'timed-out', error: reason };
}

function stepTimedOut(step: JobStep): AppError {
  return new AppError(
    'step-timed-out',
    `step ${step.id} took longer than its timeout of ${formatDuration(step.timeoutMs ?? 0)}`,
    {
      hint: 'Raise `timeout` of the step, or find out why the other side is slow.',
    },
  );
}
