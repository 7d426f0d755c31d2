// What can be said about expressions before the job runs: syntax, names, and what is known at that place.
import { didYouMean } from '../../core/diagnostic.ts';
import { printable } from '../../core/text.ts';
import { argumentsOf, builtInFunctions, compile, type ExpressionFault, type Reference } from '../expression-engine.ts';
import { CONTEXTS, type ContextName, STATUS_FUNCTIONS } from '../expressions.ts';
import { isMapping, subject } from '../issue.ts';
import type { Raw } from '../job.ts';
import type { Path, Problem } from '../problem.ts';
import { hasExpression, piecesOf } from '../template.ts';

/** What an expression may use where it stands. */
export interface ExpressionScope {
  /** The place in words: `an \`if\``, `a connection`, … */
  readonly place: string;
  readonly condition: boolean;
  readonly contexts: readonly ContextName[];
  /** Undefined when they are not known. */
  readonly vars?: ReadonlySet<string>;
  /** Ids of the steps that have ended whenever this is evaluated. */
  readonly ended: ReadonlySet<string>;
  /** Undefined when they are not known. */
  readonly steps?: ReadonlySet<string>;
}

const STEP_MEMBERS = ['outputs', 'outcome'];
const JOB_MEMBERS = ['name', 'status'];
const RUN_MEMBERS = ['id', 'trigger', 'host', 'started-at'];

/** What people reach for who come from GitHub. */
const FOREIGN: Readonly<Record<string, string>> = {
  needs: 'Use `steps.<id>.outputs.<name>`.',
  github: 'Use `job.name` or `run.id`.',
  inputs: 'Use `vars.<name>`; `postrider run --set name=value` changes one.',
  matrix: 'There is no matrix; write the steps out.',
};

/** Problems of every expression inside a value. */
export function checkValue(raw: Raw, path: Path, scope: ExpressionScope): readonly Problem[] {
  if (typeof raw === 'string') return hasExpression(raw) ? checkText(raw, path, scope) : [];
  if (Array.isArray(raw)) return raw.flatMap((item, index) => checkValue(item as Raw, [...path, index], scope));
  if (!isMapping(raw)) return [];
  return Object.entries(raw).flatMap(([key, value]) => [
    ...checkKey(key, [...path, key]),
    ...checkValue(value, [...path, key], scope),
  ]);
}

/** Problems of one bare expression; `offset` is where it begins in the text at `path`. */
export function checkExpression(text: string, path: Path, offset: number, scope: ExpressionScope): readonly Problem[] {
  const compiled = compile(text, CONTEXTS, STATUS_FUNCTIONS);
  if (!compiled.ok) return [faultProblem(compiled, path, offset)];
  const within = (part: string, start: number) => ({ path, within: { text: part, from: offset + start } });
  const status = compiled.functions.filter(
    ({ name }) => !scope.condition && (STATUS_FUNCTIONS as readonly string[]).includes(name),
  );
  return [
    ...status.map(({ name, start }) => ({
      code: 'unknown-function',
      message: `\`${name}()\` can be used in \`if\` only`,
      hint: 'Use `steps.<id>.outcome` here.',
      ...within(name, start),
    })),
    ...compiled.references.flatMap(reference => {
      const fault = checkReference(reference, scope);
      return fault === undefined ? [] : [{ ...fault, ...within(reference.text, reference.start) }];
    }),
  ];
}

/** Says of text with `${{ }}` at a place that is read before anything can be evaluated that it cannot stay. */
export function forbidExpressions(raw: Raw | undefined, path: Path): readonly Problem[] {
  if (typeof raw === 'string' && hasExpression(raw)) {
    const key = path.findLast(part => typeof part === 'string') ?? 'this';
    const hint =
      'Write the value itself; expressions work in `with`, `if`, `vars`, `ping` and in `host`, `user`, `password`, `proxy` and `dkim` of connections.';
    return [{ code: 'expression-not-allowed', message: `\`${key}\` cannot hold an expression`, hint, path }];
  }
  if (Array.isArray(raw)) return raw.flatMap((item, index) => forbidExpressions(item as Raw, [...path, index]));
  return isMapping(raw) ? Object.entries(raw).flatMap(([key, value]) => forbidExpressions(value, [...path, key])) : [];
}

/** Says the same of an expression where a list or a mapping belongs: its values may be evaluated, it is read with the file. */
export function forbidWholeExpression(raw: Raw | undefined, path: Path): readonly Problem[] {
  if (typeof raw !== 'string' || !hasExpression(raw)) return [];
  const hint = 'Write it out; the values inside it may hold expressions.';
  return [{ code: 'expression-not-allowed', message: `${subject(path)} cannot be an expression`, hint, path }];
}

function checkKey(key: string, path: Path): readonly Problem[] {
  if (!hasExpression(key)) return [];
  return [
    {
      code: 'expression-not-allowed',
      message: 'a key cannot hold an expression',
      hint: 'Write the key itself.',
      path,
      part: 'key',
    },
  ];
}

function checkText(text: string, path: Path, scope: ExpressionScope): readonly Problem[] {
  return piecesOf(text).flatMap((piece): readonly Problem[] => {
    if (piece.kind === 'text') return [];
    if (piece.kind === 'expression') return checkExpression(piece.text, path, piece.start, scope);
    const hint = 'Close it with `}}`; inside it, texts stand in single quotes.';
    const within = { text: '${{', from: piece.start - 3 };
    return [{ code: 'expression-syntax', message: '`${{` is not closed', hint, path, within }];
  });
}

function faultProblem(fault: ExpressionFault, path: Path, offset: number): Problem {
  const base = { code: fault.code, message: printable(fault.message), path, hint: faultHint(fault) };
  if (fault.text.trim() !== '') return { ...base, within: { text: fault.text, from: offset + fault.start } };
  return offset === 0 ? base : { ...base, within: { text: '${{', from: offset - 3 } };
}

function faultHint(fault: ExpressionFault): string {
  switch (fault.code) {
    case 'unknown-context': {
      if ((STATUS_FUNCTIONS as readonly string[]).includes(fault.text)) return `Did you mean \`${fault.text}()\`?`;
      const near = didYouMean(fault.text, CONTEXTS);
      if (near !== undefined) return `Did you mean \`${near}\`?`;
      return (
        FOREIGN[fault.text.toLowerCase()] ??
        `There are ${CONTEXTS.join(', ')}; a text stands in single quotes: '${printable(fault.text)}'.`
      );
    }
    case 'unknown-function': {
      const names = [...builtInFunctions(), ...STATUS_FUNCTIONS];
      const near = didYouMean(fault.text, names);
      return near === undefined ? `There are ${names.join(', ')}.` : `Did you mean \`${near}\`?`;
    }
    case 'expression-too-long':
      return 'Move parts of it into `vars` or into a step.';
    case 'expression-arguments':
      return `It takes ${argumentsOf(fault.text)}.`;
    case 'expression-syntax':
      return syntaxHint(fault.text);
  }
}

function syntaxHint(text: string): string {
  if (text.trim() === '') return 'Write an expression such as `vars.site`, or remove it.';
  if (text.startsWith('"')) return "Texts stand in single quotes in expressions: 'text'.";
  if (text === "'" || (text.startsWith("'") && !text.endsWith("'")))
    return "The text is not closed; a single quote inside it is doubled: 'it''s'.";
  if (/^[+*/%-]/.test(text)) return 'Expressions do not calculate; they compare, combine with && and ||, and call functions.';
  if (text === '=') return 'Compare with `==`.';
  return "An expression looks like `success() && vars.site == 'www'`.";
}

interface Fault {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

function checkReference({ context, members }: Reference, scope: ExpressionScope): Fault | undefined {
  const name = context.toLowerCase() as ContextName;
  const [first, second] = members;
  if (!scope.contexts.includes(name)) return misplaced(name, scope);
  switch (name) {
    case 'vars':
      return first === undefined || scope.vars === undefined || scope.vars.has(first) ? undefined : unknownVar(first, scope.vars);
    case 'secrets':
      if (first !== undefined) return undefined;
      return {
        code: 'secret-unnamed',
        message: 'a secret must be named in the expression itself',
        hint: 'Write `secrets.<name>`: what a job may read is known before it runs.',
      };
    case 'steps':
      return checkStep(first, second, members.length, scope);
    case 'job':
      return first === undefined || JOB_MEMBERS.includes(first) ? undefined : unknownMember('job', first, JOB_MEMBERS);
    case 'run':
      return first === undefined || RUN_MEMBERS.includes(first) ? undefined : unknownMember('run', first, RUN_MEMBERS);
    case 'env':
      return undefined;
  }
}

function misplaced(name: ContextName, scope: ExpressionScope): Fault {
  if (name === 'secrets' && scope.condition) {
    const hint = 'Decide by a variable or an output: a condition is shown in plans and logs.';
    return { code: 'secret-in-if', message: '`secrets` cannot be used in an `if`', hint };
  }
  const hint = scope.contexts.length === 0 ? 'Write the value itself.' : `There are ${scope.contexts.join(', ')} here.`;
  return { code: 'unknown-context', message: `\`${name}\` cannot be used in ${scope.place}`, hint };
}

function unknownVar(name: string, vars: ReadonlySet<string>): Fault {
  const near = didYouMean(name, vars);
  const hint = near === undefined ? `Add \`${printable(name)}\` to \`vars\`.` : `Did you mean \`${near}\`?`;
  return { code: 'unknown-var', message: `there is no variable \`${printable(name)}\``, hint };
}

function checkStep(
  id: string | undefined,
  member: string | undefined,
  length: number,
  scope: ExpressionScope,
): Fault | undefined {
  if (id === undefined || scope.steps === undefined) return undefined;
  if (!scope.steps.has(id)) {
    const near = didYouMean(id, scope.steps);
    const hint = near === undefined ? `Steps of this job: ${[...scope.steps].join(', ')}.` : `Did you mean \`${near}\`?`;
    return { code: 'unknown-step', message: `there is no step \`${printable(id)}\``, hint };
  }
  if (!scope.ended.has(id)) {
    const hint = `Add \`${id}\` to the \`needs\` of this step.`;
    return { code: 'step-not-needed', message: `step \`${id}\` may not have ended by then`, hint };
  }
  if (length > 1 && member !== undefined && !STEP_MEMBERS.includes(member))
    return unknownMember(`steps.${id}`, member, STEP_MEMBERS);
  return undefined;
}

function unknownMember(owner: string, member: string, known: readonly string[]): Fault {
  const near = didYouMean(member, known);
  const hint = near === undefined ? `There are ${known.join(', ')}.` : `Did you mean \`${near}\`?`;
  return {
    code: 'unknown-property',
    message: `\`${owner}\` has no \`${printable(member)}\``,
    hint,
  };
}
