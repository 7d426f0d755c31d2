// The settings of a step as it gets them: expressions evaluated, then checked by the step's own definition.
import { AppError } from '../core/errors.ts';
import { check } from '../core/schema.ts';
import { type ExpressionContext, interpolate, secretsIn } from './expressions.ts';
import { problemsOf, valueAt } from './issue.ts';
import type { JobStep, Raw } from './job.ts';
import type { Problem } from './problem.ts';

/** Throws AppError `config-invalid` when a value that an expression gave does not fit, and what interpolate() throws. */
export function bindStep(step: JobStep, context: ExpressionContext): unknown {
  const config = interpolate(step.with, context);
  const checked = check(step.type.schema, config);
  if (checked.ok) return checked.value;
  const [problem] = problemsOf(step.type.schema, config, []);
  throw new AppError('config-invalid', `step ${step.id}: ${messageOf(problem, step.with)}`, {
    hint: problem?.hint ?? 'Check what the expressions in `with` give; `postrider plan` shows it.',
  });
}

/** A value that a secret is part of is not shown, not even shortened. */
function messageOf(problem: Problem | undefined, written: Raw): string {
  if (problem === undefined) return 'the values that the expressions in `with` give do not fit';
  const top = problem.path[0];
  const raw = top === undefined ? written : valueAt(written, [top]);
  if (raw === undefined || secretsIn(raw).length === 0) return problem.message;
  return `the value of \`${top ?? 'with'}\`, which is made with a secret, does not fit`;
}
