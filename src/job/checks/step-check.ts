// What is wrong with one step of a job file by itself; who waits for whom is looked at in needs-check.ts.
import { didYouMean } from '../../core/diagnostic.ts';
import { printable } from '../../core/text.ts';
import type { StepType } from '../../steps/step.ts';
import { failureStepSchema, stepSchema } from '../definition.ts';
import { insteadOfStepType } from '../elsewhere.ts';
import { jsonOf, keysOf } from '../expectation.ts';
import type { ContextName } from '../expressions.ts';
import { isMapping, problemsOf } from '../issue.ts';
import type { Raw } from '../job.ts';
import { IDENTIFIER_WORDS } from '../names.ts';
import type { Path, Problem } from '../problem.ts';
import { hasExpression, soleExpression } from '../template.ts';
import { protocolOf } from './connection-check.ts';
import { checkTimeout } from './duration-check.ts';
import {
  checkExpression,
  checkValue,
  type ExpressionScope,
  forbidExpressions,
  forbidWholeExpression,
} from './expression-check.ts';
import { checkScript } from './script-check.ts';

type Mapping = Readonly<Record<string, Raw>>;

/** What is known around a step. */
export interface StepSurroundings {
  readonly types: ReadonlyMap<string, StepType>;
  /** By name, as written; undefined when they cannot be known. */
  readonly connections: Mapping | undefined;
  readonly vars: ReadonlySet<string> | undefined;
  /** Ids of the steps that expressions may name, and of those that have ended by then. */
  readonly steps: ReadonlySet<string> | undefined;
  readonly ended: ReadonlySet<string>;
  /** True for a step of `on-failure`. */
  readonly afterwards: boolean;
}

const CONDITION_CONTEXTS: readonly ContextName[] = ['vars', 'env', 'job', 'run', 'steps'];
const VALUE_CONTEXTS: readonly ContextName[] = ['vars', 'env', 'secrets', 'job', 'run', 'steps'];
const FIXED_KEYS = ['id', 'uses', 'needs', 'timeout', 'continue-on-error', 'retry'];

export function checkStep(raw: Raw, path: Path, around: StepSurroundings): readonly Problem[] {
  const schema = around.afterwards ? failureStepSchema : stepSchema;
  const shape = problemsOf(schema, raw, path).map(problem => nameId(problem, path.length));
  if (!isMapping(raw)) return [...shape, ...forbidWholeExpression(raw, path)];
  return [
    ...shape.map(problem => misplacedInStep(around.afterwards ? noNeeds(problem) : problem, raw, around)),
    ...FIXED_KEYS.flatMap(key => forbidExpressions(raw[key], [...path, key])),
    ...forbidWholeExpression(raw['with'], [...path, 'with']),
    ...checkTimeout(raw['timeout'], [...path, 'timeout']),
    ...checkKind(raw, path),
    ...checkCondition(raw['if'], [...path, 'if'], around),
    ...checkSettings(raw, path, around),
  ];
}

/** The kind of step that a mapping asks for, `run` being short for shell. */
export function usesOf(raw: Mapping): string | undefined {
  const { uses } = raw;
  if (typeof uses === 'string') return uses;
  return uses === undefined && 'run' in raw ? 'shell' : undefined;
}

/** The settings as the step type wants them; undefined when they are no mapping. */
export function settingsOf(raw: Mapping): Mapping | undefined {
  const settings = 'with' in raw ? raw['with'] : {};
  if (!isMapping(settings)) return undefined;
  return isShort(raw) ? { ...settings, run: raw['run'] ?? null } : settings;
}

/** `run` in the step itself, where `uses` says nothing else. */
function isShort(raw: Mapping): boolean {
  return 'run' in raw && usesOf(raw) === 'shell';
}

function checkKind(raw: Mapping, path: Path): readonly Problem[] {
  const [uses, run] = ['uses' in raw, 'run' in raw];
  if (uses && run) {
    const hint = '`run` is short for `uses: shell`: keep one of the two.';
    return [
      { code: 'conflicting-keys', message: '`uses` and `run` exclude each other', hint, path: [...path, 'run'], part: 'key' },
    ];
  }
  if (run && isMapping(raw['with']) && 'run' in raw['with']) {
    const message = '`run` is written both in the step and in its `with`';
    return [{ code: 'conflicting-keys', message, hint: 'Keep one of the two.', path: [...path, 'with', 'run'], part: 'key' }];
  }
  const misspelt = Object.keys(raw).some(key => !(key in stepSchema.shape) && didYouMean(key, ['uses', 'run']) !== undefined);
  if (uses || run || misspelt) return [];
  const hint = 'Add `uses: ftp/mirror` (or another kind of step), or `run: COMMAND`.';
  return [{ code: 'missing-key', message: 'a step needs `uses` or `run`', hint, path, part: 'key' }];
}

function checkCondition(raw: Raw | undefined, path: Path, around: StepSurroundings): readonly Problem[] {
  if (typeof raw !== 'string' || raw === '') return [];
  const scope: ExpressionScope = scopeOf(around, 'an `if`', CONDITION_CONTEXTS);
  if (!hasExpression(raw)) return checkExpression(raw, path, 0, scope);
  const sole = soleExpression(raw.trim());
  if (sole !== undefined) return checkExpression(sole, path, raw.indexOf('${{') + 3, scope);
  const hint = 'Write the whole condition as one expression, without `${{ }}`: text around it would always count as true.';
  return [{ code: 'expression-syntax', message: '`if` is not one single expression', hint, path }];
}

function checkSettings(raw: Mapping, path: Path, around: StepSurroundings): readonly Problem[] {
  const settings = settingsOf(raw);
  const uses = usesOf(raw);
  if (settings === undefined) return [];
  const at = [...path, 'with'];
  const home = (problem: Problem): Problem => {
    const short = isShort(raw) && problem.path.length === at.length + 1 && problem.path.at(-1) === 'run';
    return short ? { ...problem, path: [...path, 'run'] } : problem;
  };
  const scope: ExpressionScope = scopeOf(around, '`with`', VALUE_CONTEXTS);
  const expressions = checkValue(settings, at, scope);
  if (uses === undefined || hasExpression(uses) || uses === '') return expressions.map(home);
  const type = around.types.get(uses);
  if (type === undefined) return [unknownType(uses, [...path, 'uses'], around.types), ...expressions.map(home)];
  const shape = problemsOf(type.schema, settings, at).map(problem => misplacedInWith(problem, at));
  const script = type.name === 'shell' && expressions.length === 0 ? checkScript(settings['run'], [...at, 'run']) : [];
  return [
    ...shape,
    ...expressions,
    ...script,
    ...checkConnection(settings['connection'], type, [...at, 'connection'], around),
  ].map(home);
}

function scopeOf({ vars, steps, ended }: StepSurroundings, place: string, contexts: readonly ContextName[]): ExpressionScope {
  const base = { place, contexts, ended, condition: contexts === CONDITION_CONTEXTS };
  return { ...base, ...(vars === undefined ? {} : { vars }), ...(steps === undefined ? {} : { steps }) };
}

function unknownType(uses: string, path: Path, types: ReadonlyMap<string, StepType>): Problem {
  const names = [...types.keys()];
  const near = didYouMean(uses, names) ?? kindLike(uses, names);
  const known = near === undefined ? `There are ${names.join(', ')}.` : `Did you mean \`${near}\`?`;
  const hint = insteadOfStepType(uses) ?? known;
  return { code: 'unknown-step-type', message: `there is no kind of step "${printable(uses)}"`, hint, path };
}

/** `mirror`, or the only one of its protocol. */
function kindLike(uses: string, names: readonly string[]): string | undefined {
  const [protocol] = uses.split('/');
  const related = names.filter(name => name.startsWith(`${protocol}/`));
  return names.find(name => name.split('/').includes(uses)) ?? (related.length === 1 ? related[0] : undefined);
}

function checkConnection(name: Raw | undefined, type: StepType, path: Path, around: StepSurroundings): readonly Problem[] {
  const { connections } = around;
  if (
    connections === undefined ||
    type.connection === undefined ||
    typeof name !== 'string' ||
    name === '' ||
    hasExpression(name)
  )
    return [];
  if (!Object.hasOwn(connections, name)) {
    const names = Object.keys(connections);
    const near = didYouMean(name, names);
    const add = `Add \`${printable(name)}\` under \`connections\`, here or in connections.yaml`;
    const hint =
      near !== undefined
        ? `Did you mean \`${near}\`?`
        : names.length === 0
          ? `${add}.`
          : `${add}; there are ${names.join(', ')}.`;
    return [{ code: 'unknown-connection', message: `there is no connection \`${printable(name)}\``, hint, path }];
  }
  const protocol = protocolOf(connections[name]);
  if (protocol === undefined || protocol === type.connection) return [];
  const fitting = Object.keys(connections).filter(other => protocolOf(connections[other]) === type.connection);
  const message = `\`${name}\` is a connection of type ${protocol}, but ${type.name} needs one of type ${type.connection}`;
  const hint =
    fitting.length === 0 ? `Add a connection of type ${type.connection}.` : `Connections of that type: ${fitting.join(', ')}.`;
  return [{ code: 'wrong-connection', message, hint, path }];
}

/** A setting of this kind of step, written beside its `uses` or `run`. */
function misplacedInStep(problem: Problem, raw: Mapping, { types }: StepSurroundings): Problem {
  const key = String(problem.path.at(-1));
  const type = types.get(usesOf(raw) ?? '');
  const known = type === undefined ? [] : keysOf([jsonOf(type.schema)]);
  if (problem.code !== 'unknown-key' || !known.includes(key)) return problem;
  return { ...problem, hint: `\`${key}\` belongs in \`with\`: write \`with: { ${key}: … }\`.` };
}

/** A key of every step, written under `with`. */
function misplacedInWith(problem: Problem, at: Path): Problem {
  const key = String(problem.path.at(-1));
  const inStep = key in stepSchema.shape && key !== 'with' && problem.path.length === at.length + 1;
  if (problem.code !== 'unknown-key' || !inStep) return problem;
  return { ...problem, hint: `\`${key}\` belongs in the step itself, beside \`with\`.` };
}

function nameId(problem: Problem, depth: number): Problem {
  const { path, code } = problem;
  if (code !== 'wrong-value' || path.length !== depth + 1 || path.at(-1) !== 'id' || problem.message.endsWith('empty'))
    return problem;
  const message = 'this cannot be the `id` of a step';
  return { ...problem, code: 'bad-name', message, hint: `Use ${IDENTIFIER_WORDS}.` };
}

function noNeeds(problem: Problem): Problem {
  if (problem.code !== 'unknown-key' || problem.path.at(-1) !== 'needs') return problem;
  return { ...problem, message: '`needs` has no place in `on-failure`', hint: 'Remove it: these steps run one after another.' };
}
