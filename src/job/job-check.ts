// Everything that is wrong with a job file, all at once.
import { printable } from '../core/text.ts';
import type { StepType } from '../steps/step.ts';
import { checkConnections } from './connection-check.ts';
import { IDENTIFIER_PATTERN, IDENTIFIER_WORDS, jobFileSchema, NAME_PATTERN, NAME_WORDS } from './definition.ts';
import { checkValue, type ExpressionScope, forbidExpressions } from './expression-check.ts';
import type { ContextName } from './expressions.ts';
import { ancestorsOf } from './graph.ts';
import { isMapping, problemsOf } from './issue.ts';
import type { Raw } from './job.ts';
import { checkIds, checkNeeds, namedSteps } from './needs-check.ts';
import type { Path, Problem } from './problem.ts';
import { type CheckSchedule, checkSchedules } from './schedule-check.ts';
import { checkStep, type StepSurroundings } from './step-check.ts';

export interface JobSurroundings {
  readonly types: ReadonlyMap<string, StepType>;
  readonly checkSchedule: CheckSchedule;
  /** What the job is called when it does not say. */
  readonly fileName: string;
  /** Connections of connections.yaml, as written. */
  readonly shared: Readonly<Record<string, Raw>>;
}

type Mapping = Readonly<Record<string, Raw>>;

const FIXED_KEYS = ['name', 'description', 'schedule', 'overlap', 'timeout', 'max-crashes', 'workdir', 'retry'];
const NONE: ReadonlySet<string> = new Set();

export async function checkJob(raw: Raw, around: JobSurroundings): Promise<readonly Problem[]> {
  if (raw === null) {
    const hint = 'Write at least `steps:` with one step; `postrider init` writes examples.';
    return [{ code: 'empty-file', message: 'the file holds no job', hint, path: [] }];
  }
  const shape = problemsOf(jobFileSchema, raw, []);
  if (!isMapping(raw)) return shape;
  const name = typeof raw['name'] === 'string' ? raw['name'] : around.fileName;
  const vars = new Set(isMapping(raw['vars']) ? Object.keys(raw['vars']) : []);
  const scope = { steps: NONE, ended: NONE, condition: false, vars };
  const outside: readonly ContextName[] = ['vars', 'env', 'secrets', 'job', 'run'];
  return [
    ...shape.map(nameName),
    ...checkName(raw, around.fileName),
    ...FIXED_KEYS.flatMap(key => forbidExpressions(raw[key], [key])),
    ...checkVars(raw['vars'], { ...scope, place: '`vars`', contexts: ['env', 'job', 'run'] }),
    ...checkValue(raw['ping'] ?? null, ['ping'], { ...scope, place: '`ping`', contexts: outside }),
    ...(await checkSchedules(raw['schedule'], name, around.checkSchedule)),
    ...checkConnections(raw['connections'], ['connections'], { ...scope, place: 'a connection', contexts: outside }),
    ...checkSteps(raw, vars, around),
  ];
}

/** connections.yaml by itself; it cannot know the variables of the jobs that use it. */
export function checkSharedConnections(raw: Raw | undefined, at: Path): readonly Problem[] {
  const contexts: readonly ContextName[] = ['vars', 'env', 'secrets', 'job', 'run'];
  if (raw !== undefined && raw !== null && !isMapping(raw)) {
    return [
      {
        code: 'wrong-type',
        message: 'connections.yaml must be a mapping of names to connections',
        hint: 'Write `name:` lines with the settings below, indented.',
        path: at,
      },
    ];
  }
  return checkConnections(raw, at, { place: 'a connection', condition: false, contexts, ended: NONE, steps: NONE });
}

function checkSteps(raw: Mapping, vars: ReadonlySet<string>, around: JobSurroundings): readonly Problem[] {
  const { steps, 'on-failure': afterwards } = raw;
  const named = namedSteps(steps, ['steps']);
  const ancestors = ancestorsOf(named);
  const ids = new Set(named.map(step => step.id));
  const connections = { ...around.shared, ...(isMapping(raw['connections']) ? raw['connections'] : {}) };
  const base: Omit<StepSurroundings, 'ended'> = { types: around.types, connections, vars, steps: ids, afterwards: false };
  const idOf = (step: Raw) => (isMapping(step) && typeof step['id'] === 'string' ? step['id'] : '');
  const checked = entries(steps).flatMap((step, index) =>
    checkStep(step, ['steps', index], { ...base, ended: ancestors.get(idOf(step)) ?? NONE }),
  );
  const earlier = new Set(ids);
  const failure = entries(afterwards).flatMap((step, index) => {
    const problems = checkStep(step, ['on-failure', index], {
      ...base,
      steps: new Set(earlier),
      ended: new Set(earlier),
      afterwards: true,
    });
    if (idOf(step) !== '') earlier.add(idOf(step));
    return problems;
  });
  const named2: readonly (readonly [Raw | undefined, Path])[] = [
    [steps, ['steps']],
    [afterwards, ['on-failure']],
  ];
  return [...checkIds(named2), ...checkNeeds(steps, ['steps'], named), ...checked, ...failure];
}

function checkVars(vars: Raw | undefined, scope: ExpressionScope): readonly Problem[] {
  if (!isMapping(vars)) return [];
  const names = Object.keys(vars).filter(name => !IDENTIFIER_PATTERN.test(name));
  return [
    ...names.map(name => badName(`"${printable(name)}" cannot be the name of a variable`, IDENTIFIER_WORDS, ['vars', name])),
    ...checkValue(vars, ['vars'], scope),
  ];
}

function checkName(raw: Mapping, fileName: string): readonly Problem[] {
  if ('name' in raw || NAME_PATTERN.test(fileName)) return [];
  const message = `the file’s name "${printable(fileName)}" cannot be the job’s name`;
  return [{ code: 'bad-name', message, hint: `Rename the file, or add \`name:\` with ${NAME_WORDS}.`, path: [] }];
}

function nameName(problem: Problem): Problem {
  if (
    problem.code !== 'wrong-value' ||
    problem.path.length !== 1 ||
    problem.path[0] !== 'name' ||
    problem.message.endsWith('empty')
  )
    return problem;
  return { ...problem, code: 'bad-name', message: 'this cannot be the name of a job', hint: `Use ${NAME_WORDS}.` };
}

function badName(message: string, words: string, path: Path): Problem {
  return { code: 'bad-name', message, hint: `Use ${words}.`, path, part: 'key' };
}

function entries(list: Raw | undefined): readonly Raw[] {
  return Array.isArray(list) ? (list as readonly Raw[]) : [];
}
