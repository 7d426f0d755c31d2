// A job file on disk → Job, or every problem in it; and where job files are found by name.
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { type Diagnostic, didYouMean } from '../core/diagnostic.ts';
import { AppError, fileError } from '../core/errors.ts';
import { failed, ok, type Result } from '../core/result.ts';
import { printable } from '../core/text.ts';
import type { StepType } from '../steps/step.ts';
import { normaliseConnections } from './connection-defaults.ts';
import { locate } from './diagnostics.ts';
import { prepareExpressions } from './expression-engine.ts';
import { isMapping, valueAt } from './issue.ts';
import type { Job, Raw } from './job.ts';
import { checkJob, checkSharedConnections } from './job-check.ts';
import { normaliseJob } from './normalise.ts';
import { type Parsed, parseYaml } from './parse.ts';
import type { Path, Problem } from './problem.ts';
import type { CheckSchedule } from './schedule-check.ts';
import { readSource } from './source.ts';

export type { CheckSchedule } from './schedule-check.ts';

export interface LoadDependencies {
  readonly steps: ReadonlyMap<string, StepType>;
  readonly checkSchedule: CheckSchedule;
}

export const CONNECTIONS_FILE = 'connections.yaml';

const EXTENSIONS = ['.yaml', '.yml'];

/** Reads connections.yaml beside the file, too. Throws only what the file system says about the job file. */
export async function loadJob(path: string, deps: LoadDependencies): Promise<Result<Job>> {
  const source = await readSource(path);
  if (!source.ok) return failed(source.diagnostics);
  const parsed = parseYaml(source.value);
  const { value } = parsed;
  if (value === undefined) return failed(locate(parsed, parsed.problems));
  await prepareExpressions();
  const file = resolve(path);
  const fileName = basename(file, extname(file));
  const shared = await sharedConnections(dirname(path));
  const around = { types: deps.steps, checkSchedule: deps.checkSchedule, fileName, shared: shared.connections };
  const own = locate(parsed, [...parsed.problems, ...(await checkJob(value, around))]);
  // Mistakes in the shared file concern a job that takes a connection from it, and nobody else.
  const diagnostics = [...own, ...(usesShared(value, shared.connections) ? shared.diagnostics : [])];
  if (diagnostics.some(({ severity }) => severity === 'error')) return failed(diagnostics);
  const usable = hasErrors(shared.diagnostics) ? {} : normaliseConnections(shared.connections, dirname(file));
  return ok(normaliseJob(value, { file, fileName, types: deps.steps, shared: usable }), diagnostics);
}

/** A path that exists, or a name in the jobs folder. Throws AppError `job-missing`. */
export async function findJob(nameOrPath: string, jobsDir: string): Promise<string> {
  const isPath = /[\\/]/.test(nameOrPath) || EXTENSIONS.includes(extname(nameOrPath));
  if (isPath) {
    const path = resolve(nameOrPath);
    if (await isFile(path)) return path;
    const inFolder = resolve(jobsDir, nameOrPath);
    if (await isFile(inFolder)) return inFolder;
    throw new AppError('job-missing', `there is no job file ${printable(nameOrPath)}`, {
      hint: 'Check the path, or give the name of a job in the jobs folder.',
    });
  }
  for (const extension of EXTENSIONS) {
    const path = resolve(jobsDir, `${nameOrPath}${extension}`);
    if (await isFile(path)) return path;
  }
  throw new AppError('job-missing', `there is no job "${printable(nameOrPath)}" in ${jobsDir}`, {
    hint: await jobHint(nameOrPath, jobsDir),
  });
}

/** Absolute paths of the job files in a folder, by name. Throws what the file system says. */
export async function listJobs(dir: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true });
    return entries
      .filter(entry => !entry.isDirectory() && isJobFile(entry.name))
      .map(entry => resolve(dir, entry.name))
      .sort();
  } catch (error) {
    throw fileError(error, dir);
  }
}

interface SharedConnections {
  readonly connections: Readonly<Record<string, Raw>>;
  readonly diagnostics: readonly Diagnostic[];
}

const NO_CONNECTIONS: SharedConnections = { connections: {}, diagnostics: [] };

async function sharedConnections(folder: string): Promise<SharedConnections> {
  const path = join(folder, CONNECTIONS_FILE);
  if (!(await isFile(path))) return NO_CONNECTIONS;
  const source = await readSource(path);
  if (!source.ok) return { connections: {}, diagnostics: source.diagnostics };
  const parsed = parseYaml(source.value);
  const at = connectionsPath(parsed);
  const content = parsed.value === undefined ? undefined : valueAt(parsed.value, at);
  const problems: readonly Problem[] = [
    ...parsed.problems,
    ...(parsed.value === undefined ? [] : checkSharedConnections(content, at)),
  ];
  return { connections: isMapping(content) ? content : {}, diagnostics: locate(parsed, problems) };
}

/** The names may stand at the top of the file, or below `connections:` as in a job. */
function connectionsPath({ value }: Parsed): Path {
  if (!isMapping(value) || Object.keys(value).length !== 1) return [];
  const inner = value['connections'];
  return inner !== undefined && !(isMapping(inner) && typeof inner['type'] === 'string') ? ['connections'] : [];
}

function usesShared(job: Raw, shared: Readonly<Record<string, Raw>>): boolean {
  const own = valueAt(job, ['connections']);
  const steps = [valueAt(job, ['steps']), valueAt(job, ['on-failure'])].flatMap(list =>
    Array.isArray(list) ? (list as readonly Raw[]) : [],
  );
  return steps.some(step => {
    const name = valueAt(step, ['with', 'connection']);
    if (typeof name !== 'string') return false;
    const mine = isMapping(own) && Object.hasOwn(own, name);
    return !mine && (Object.hasOwn(shared, name) || Object.keys(shared).length === 0 || name.includes('${{'));
  });
}

function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === 'error');
}

async function jobHint(name: string, jobsDir: string): Promise<string> {
  const files = await listJobs(jobsDir).catch(() => undefined);
  if (files === undefined) return 'There is no such folder; `postrider init` makes one, and `--jobs DIR` names another.';
  const names = files.map(file => basename(file, extname(file)));
  const near = didYouMean(name, names);
  if (near !== undefined) return `Did you mean \`${printable(near)}\`?`;
  return names.length === 0
    ? 'The folder holds no job; `postrider init` writes examples.'
    : `There are ${names.map(printable).join(', ')}.`;
}

function isJobFile(name: string): boolean {
  return EXTENSIONS.includes(extname(name)) && !/^connections\.ya?ml$/.test(name) && !name.startsWith('.');
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    found => found.isFile(),
    () => false,
  );
}
