// One try of a step: fills in its settings, runs it, and makes sure that it ends.
import { AppError, CancelledError, RefusedError } from '../core/errors.ts';
import { formatDuration } from '../core/units.ts';
import { bindStep } from '../job/bind.ts';
import type { PlannedStep } from '../plan/plan.ts';
import type { Outputs } from '../steps/step.ts';
import { expressionContext } from './expression-context.ts';
import { withGrace } from './grace.ts';
import type { ConditionStatus } from './readiness.ts';
import type { RunScope } from './scope.ts';
import { type NoteBudget, noteStep, openContext } from './step-context.ts';

export type AttemptResult =
  | { readonly ok: true; readonly outputs: Outputs }
  /** `repeatable` is false when the step began and a second try could do something twice. */
  | { readonly ok: false; readonly error: unknown; readonly repeatable: boolean };

export interface Attempt {
  readonly planned: PlannedStep;
  readonly scope: RunScope;
  /** Of the whole step: aborts on its timeout and when the run stops. */
  readonly signal: AbortSignal;
  readonly status: ConditionStatus;
  readonly budget: NoteBudget;
  /** A process died in the middle of this step. */
  readonly afterCrash: boolean;
}

/** Never rejects: whatever the step throws is the result. Settles at the latest a grace period after `signal` aborts. */
export async function runAttempt(attempt: Attempt): Promise<AttemptResult> {
  const { planned, scope, signal, budget } = attempt;
  // What a failed try left open (a socket, a child) ends with it: a waiting retry holds nothing.
  const own = new AbortController();
  const { context, close } = openContext(planned, scope, AbortSignal.any([signal, own.signal]), budget);
  let repeatable = true;
  const perform = async (): Promise<Outputs> => {
    const { step } = planned;
    const config = await bindStep(step, await expressionContext(step.with, attempt.status, scope));
    repeatable = step.type.repeatable(config);
    if (attempt.afterCrash && !(repeatable && scope.deps.resume?.mayRepeat)) throw interrupted(step.id, repeatable);
    return step.type.run(config, context);
  };
  const onAbandon = (graceMs: number) =>
    context.note('warning', `did not stop within ${formatDuration(graceMs)} and was left behind`);
  try {
    const options = { clock: scope.deps.clock, signal, interrupt: scope.stop.interrupt, onAbandon };
    return { ok: true, outputs: await withGrace(perform(), options) };
  } catch (error) {
    own.abort(new CancelledError('the attempt is over'));
    noteReply(attempt, error);
    return { ok: false, error, repeatable };
  } finally {
    close();
  }
}

function interrupted(step: string, repeatable: boolean): AppError {
  const text = repeatable
    ? 'the runner died too often while it ran'
    : 'the runner died while it ran, and a second run could do harm';
  return new AppError('interrupted', `step ${step}: ${text}`, {
    hint: 'Look what it left behind, then: postrider retry RUN --from-failed. A script that may run twice says `repeatable: true`.',
  });
}

/** The server's own words, when the message does not already hold them. */
function noteReply({ planned, scope, budget }: Attempt, error: unknown): void {
  if (!(error instanceof RefusedError)) return;
  const { command, replyCode, replyText } = error.refusal;
  const reply = `${replyCode} ${replyText}`.trim();
  if (reply === '' || (replyText !== '' && error.message.includes(replyText))) return;
  noteStep(scope, planned.step.id, 'error', `the server answered ${command} with: ${reply}`, budget);
}
