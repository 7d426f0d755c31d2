// What expressions are worth while a job runs: conditions, and values with `${{ … }}` in them.
import { AppError } from '../core/errors.ts';
import { printable, shorten } from '../core/text.ts';
import { type Compiled, compile, type Value } from './expression-engine.ts';
import type { Raw } from './job.ts';
import { hasExpression, piecesOf } from './template.ts';

export const CONTEXTS = ['vars', 'env', 'secrets', 'job', 'run', 'steps'] as const;
export type ContextName = (typeof CONTEXTS)[number];
export const STATUS_FUNCTIONS = ['success', 'failure', 'always', 'cancelled'] as const;

export interface ExpressionContext {
  readonly vars: Readonly<Record<string, Raw>>;
  readonly env: Readonly<Record<string, string>>;
  /** The clear text of those that the job names; see secretsIn. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly job: { readonly name: string; readonly status?: string };
  readonly run: { readonly id: string } & Readonly<Record<string, Raw>>;
  readonly steps: Readonly<Record<string, { readonly outputs: Readonly<Record<string, Raw>>; readonly outcome: string }>>;
  /** What `success()`, `failure()` and `cancelled()` say here. */
  readonly status: { readonly success: boolean; readonly failure: boolean; readonly cancelled: boolean };
}

/** As on GitHub: a condition without a status function also demands `success()`. Throws AppError `expression-failed`. */
export function evaluateCondition(condition: string, context: ExpressionContext): boolean {
  const { success, failure, cancelled } = context.status;
  const simple: Readonly<Record<string, boolean>> = {
    'success()': success,
    'failure()': failure,
    'cancelled()': cancelled,
    'always()': true,
  };
  const known = simple[condition.trim()];
  if (known !== undefined) return known;
  const compiled = compileOrThrow(condition, STATUS_FUNCTIONS);
  if (!usesStatus(compiled) && !success) return false;
  return evaluate(compiled, condition, context).truthy;
}

/** Replaces every expression. A text that is one expression and nothing else takes its type. Throws AppError `expression-failed`. */
export function interpolate(raw: Raw, context: ExpressionContext): Raw {
  if (typeof raw === 'string') return hasExpression(raw) ? interpolateText(raw, context) : raw;
  if (raw === null || typeof raw !== 'object') return raw;
  if (Array.isArray(raw)) return raw.map(item => interpolate(item as Raw, context));
  return Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, interpolate(value as Raw, context)]));
}

/** Names of all secrets that a value refers to. */
export function secretsIn(raw: Raw): readonly string[] {
  return [...new Set(textsIn(raw).flatMap(secretsInText))];
}

/** What expressions over results of other steps are worth in a text. */
export function stepResultsIn(
  text: string,
  context: ExpressionContext,
): readonly { readonly expression: string; readonly text: string }[] {
  return piecesOf(text).flatMap(piece => {
    if (piece.kind !== 'expression') return [];
    const readsSteps = compileOrThrow(piece.text, []).references.some(reference => reference.context.toLowerCase() === 'steps');
    return readsSteps ? [{ expression: piece.text, text: worthOf(piece.text, context).text }] : [];
  });
}

function secretsInText(text: string): readonly string[] {
  return piecesOf(text).flatMap(piece => {
    if (piece.kind !== 'expression') return [];
    const compiled = compileOrThrow(piece.text, []);
    return compiled.references
      .filter(({ context }) => context.toLowerCase() === 'secrets')
      .flatMap(({ members }) => members[0] ?? []);
  });
}

function textsIn(raw: Raw): readonly string[] {
  if (typeof raw === 'string') return hasExpression(raw) ? [raw] : [];
  return raw !== null && typeof raw === 'object' ? Object.values(raw).flatMap(item => textsIn(item as Raw)) : [];
}

function interpolateText(text: string, context: ExpressionContext): Raw {
  const pieces = piecesOf(text);
  const [first] = pieces;
  if (pieces.length === 1 && first?.kind === 'expression') return worthOf(first.text, context).raw;
  return textOf(text, context);
}

/** As GitHub writes values into texts, also where the text is one expression and nothing else: 5, true; nothing for null. */
export function textOf(text: string, context: ExpressionContext): string {
  return piecesOf(text)
    .map(piece => {
      if (piece.kind === 'unclosed') throw syntaxError(text, '`${{` is not closed');
      return piece.kind === 'text' ? piece.text : worthOf(piece.text, context).text;
    })
    .join('');
}

function worthOf(expression: string, context: ExpressionContext): Value {
  return evaluate(compileOrThrow(expression, []), expression, context);
}

function evaluate(compiled: Compiled, text: string, context: ExpressionContext): Value {
  const { status, ...contexts } = context;
  try {
    return compiled.evaluate({ ...contexts, vars: valuesOf(context) }, { ...status, always: true });
  } catch (error) {
    const message = `\`${shown(text)}\` cannot be evaluated: ${printable((error as Error).message)}`;
    throw new AppError('expression-failed', message, { hint: 'Check the values that the expression uses.', cause: error });
  }
}

/** Variables may be made of the environment, the job and the run; of secrets and of each other they may not. */
function valuesOf(context: ExpressionContext): Readonly<Record<string, Raw>> {
  const { vars } = context;
  if (textsIn(vars).length === 0) return vars;
  return interpolate(vars, { ...context, vars: {}, secrets: {}, steps: {} }) as Readonly<Record<string, Raw>>;
}

function compileOrThrow(expression: string, extra: readonly string[]): Compiled {
  const compiled = compile(expression, CONTEXTS, extra);
  if (!compiled.ok) throw syntaxError(expression, compiled.message);
  return compiled;
}

function syntaxError(expression: string, message: string): AppError {
  return new AppError('expression-syntax', `\`${shown(expression)}\`: ${message}`, {
    hint: '`postrider validate` shows the place.',
  });
}

function usesStatus(compiled: Compiled): boolean {
  return compiled.functions.some(({ name }) => (STATUS_FUNCTIONS as readonly string[]).includes(name));
}

function shown(text: string): string {
  return shorten(printable(text.trim()), 60);
}
