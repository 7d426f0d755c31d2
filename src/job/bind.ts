// The settings of a step as it gets them: expressions evaluated, then checked by the step's own definition.
import { AppError } from '../core/errors.ts';
import { check } from '../core/schema.ts';
import { type ExpressionContext, interpolate, secretsIn, stepResultsIn, textOf } from './expressions.ts';
import { problemsOf, valueAt } from './issue.ts';
import type { JobStep, Raw } from './job.ts';
import type { Problem } from './problem.ts';

/** Throws AppError `expression-unsafe`, `config-invalid` when a value that an expression gave does not fit, and what interpolate() throws. */
export function bindStep(step: JobStep, context: ExpressionContext): unknown {
  refuseCode(step, context);
  const config = interpolate(step.with, context);
  const checked = check(step.type.schema, config);
  if (checked.ok) return checked.value;
  const problems = problemsOf(step.type.schema, config, []);
  const again = check(step.type.schema, withTexts(config, problems, step, context));
  if (again.ok) return again.value;
  const [problem] = problems;
  throw new AppError('config-invalid', `step ${step.id}: ${messageOf(problem, step.with)}`, {
    hint: problem?.hint ?? 'Check what the expressions in `with` give; `postrider plan` shows it.',
  });
}

/** The values that do not fit as texts: `"${{ vars.port }}"` is one in `env`, and a number where a number is wanted. */
function withTexts(config: Raw, problems: readonly Problem[], { with: settings }: JobStep, context: ExpressionContext): Raw {
  const texts = structuredClone(config);
  for (const { path } of problems) {
    const [written, value] = [valueAt(settings, path), valueAt(config, path)];
    const holder = valueAt(texts, path.slice(0, -1)) as Record<string | number, Raw> | undefined;
    const key = path.at(-1);
    if (holder === undefined || key === undefined || typeof written !== 'string') continue;
    if (value === null || typeof value !== 'object') holder[key] = textOf(written, context);
  }
  return texts;
}

/** Letters, digits, and signs that no shell takes for anything. */
const HARMLESS = /^[\p{L}\p{N}_@%+=:,./ -]*$/u;

/** File names and subjects come from strangers: what a shell could read as code goes in by `env`, as data. */
function refuseCode({ id, type, with: settings }: JobStep, context: ExpressionContext): void {
  for (const key of type.code ?? []) {
    const text = settings[key];
    if (typeof text !== 'string') continue;
    const unsafe = stepResultsIn(text, context).find(result => !HARMLESS.test(result.text));
    if (unsafe === undefined) continue;
    const shown = `\${{ ${unsafe.expression.trim()} }}`;
    throw new AppError('expression-unsafe', `step ${id}: the value of \`${shown}\` could be run as code in \`${key}\``, {
      hint: `Hand it over as data: \`env: { VALUE: "${shown}" }\`, and write "$VALUE" in the script.`,
    });
  }
}

/** A value that a secret is part of is not shown, not even shortened. */
function messageOf(problem: Problem | undefined, written: Raw): string {
  if (problem === undefined) return 'the values that the expressions in `with` give do not fit';
  const top = problem.path[0];
  const raw = top === undefined ? written : valueAt(written, [top]);
  if (raw === undefined || secretsIn(raw).length === 0) return problem.message;
  return `the value of \`${top ?? 'with'}\`, which is made with a secret, does not fit`;
}
