// Everything that is wrong with a job file, all at once.
import { printable } from '../../core/text.ts';
import type { StepType } from '../../steps/step.ts';
import { jobFileSchema } from '../definition.ts';
import type { ContextName } from '../expressions.ts';
import { found, isMapping, problemsOf } from '../issue.ts';
import type { Raw } from '../job.ts';
import { IDENTIFIER_PATTERN, IDENTIFIER_WORDS, NAME_PATTERN, NAME_WORDS } from '../names.ts';
import type { Problem } from '../problem.ts';
import { hasExpression } from '../template.ts';
import { checkConnections } from './connection-check.ts';
import { checkTimeout } from './duration-check.ts';
import { checkValue, type ExpressionScope, forbidExpressions, forbidWholeExpression } from './expression-check.ts';
import { type CheckSchedule, checkSchedules } from './schedule-check.ts';
import { checkSteps } from './steps-check.ts';

export interface JobSurroundings {
  readonly types: ReadonlyMap<string, StepType>;
  readonly checkSchedule: CheckSchedule;
  /** What the job is called when it does not say. */
  readonly fileName: string;
  /** Connections of connections.yaml, as written; undefined when they cannot be known. */
  readonly shared: Readonly<Record<string, Raw>> | undefined;
}

type Mapping = Readonly<Record<string, Raw>>;

const FIXED_KEYS = ['name', 'description', 'schedule', 'overlap', 'timeout', 'max-crashes', 'workdir', 'retry'];
/** Lists and mappings whose values may hold expressions, but which are read with the file themselves. */
const HOLDERS = ['vars', 'connections', 'steps', 'on-failure'];
const OUTSIDE_STEPS: readonly ContextName[] = ['vars', 'env', 'secrets', 'job', 'run'];
const NONE: ReadonlySet<string> = new Set();

export function checkJob(raw: Raw, around: JobSurroundings): readonly Problem[] {
  if (!isMapping(raw)) return [notAJob(raw)];
  const { vars, connections, ping, timeout, schedule } = raw;
  const known = varNames(vars);
  const scope = { steps: NONE, ended: NONE, condition: false, ...(known === undefined ? {} : { vars: known }) };
  return [
    ...problemsOf(jobFileSchema, raw, []).map(nameProblem),
    ...checkFileName(raw, around.fileName),
    ...FIXED_KEYS.flatMap(key => forbidExpressions(raw[key], [key])),
    ...HOLDERS.flatMap(key => forbidWholeExpression(raw[key], [key])),
    ...checkTimeout(timeout, ['timeout']),
    ...checkVars(vars, { ...scope, place: '`vars`', contexts: ['env', 'job', 'run'] }),
    ...checkPing(ping, { ...scope, place: '`ping`', contexts: OUTSIDE_STEPS }),
    ...checkSchedules(schedule, typeof raw['name'] === 'string' ? raw['name'] : around.fileName, around.checkSchedule),
    ...checkConnections(connections, ['connections'], { ...scope, place: 'a connection', contexts: OUTSIDE_STEPS }),
    ...checkSteps(raw['steps'], raw['on-failure'], {
      types: around.types,
      connections: connectionsOf(connections, around.shared),
      vars: known,
    }),
  ];
}

/** Undefined when they cannot be known. */
function varNames(vars: Raw | undefined): ReadonlySet<string> | undefined {
  if (vars === undefined) return NONE;
  return isMapping(vars) ? new Set(Object.keys(vars)) : undefined;
}

function connectionsOf(own: Raw | undefined, shared: Mapping | undefined): Mapping | undefined {
  if (shared === undefined || (own !== undefined && !isMapping(own))) return undefined;
  return { ...shared, ...own };
}

function notAJob(raw: Raw): Problem {
  const hint = 'A job has at least `steps:`; `postrider init` writes examples.';
  if (raw === null) return { code: 'empty-file', message: 'the file holds no job', hint, path: [] };
  return { code: 'wrong-type', message: `a job file must be a mapping, but ${found(raw)}`, hint, path: [] };
}

function checkVars(vars: Raw | undefined, scope: ExpressionScope): readonly Problem[] {
  if (!isMapping(vars)) return [];
  const names = Object.keys(vars).filter(name => !IDENTIFIER_PATTERN.test(name) || name in {});
  return [...names.map(badVariable), ...checkValue(vars, ['vars'], scope)];
}

function badVariable(name: string): Problem {
  const message = `"${printable(name)}" cannot be the name of a variable`;
  const hint = IDENTIFIER_PATTERN.test(name)
    ? 'Choose another name: this one has a meaning in JavaScript.'
    : `Use ${IDENTIFIER_WORDS}.`;
  return { code: 'bad-name', message, hint, path: ['vars', name], part: 'key' };
}

function checkPing(ping: Raw | undefined, scope: ExpressionScope): readonly Problem[] {
  if (typeof ping !== 'string' || ping === '') return [];
  if (hasExpression(ping)) return checkValue(ping, ['ping'], scope);
  if (/^https?:\/\/[^\s/]/i.test(ping) && URL.canParse(ping)) return [];
  const hint = 'Write an address such as https://hc-ping.com/…, usually as a secret.';
  return [{ code: 'bad-url', message: '`ping` is no http:// or https:// address', hint, path: ['ping'] }];
}

function checkFileName(raw: Mapping, fileName: string): readonly Problem[] {
  if ('name' in raw || NAME_PATTERN.test(fileName)) return [];
  const message = `the file’s name "${printable(fileName)}" cannot be the name of a job`;
  return [{ code: 'bad-name', message, hint: `Rename the file, or add \`name:\` with ${NAME_WORDS}.`, path: [] }];
}

function nameProblem(problem: Problem): Problem {
  const [key, ...deeper] = problem.path;
  if (problem.code !== 'wrong-value' || key !== 'name' || deeper.length > 0 || problem.message.endsWith('empty')) return problem;
  return { ...problem, code: 'bad-name', message: 'this cannot be the name of a job', hint: `Use ${NAME_WORDS}.` };
}
