// A job file on disk → Job, or every problem in it.
import { basename, dirname, extname, resolve } from 'node:path';
import type { Diagnostic } from '../core/diagnostic.ts';
import { failed, ok, type Result } from '../core/result.ts';
import type { StepType } from '../steps/step.ts';
import { checkJob } from './checks/job-check.ts';
import type { CheckSchedule } from './checks/schedule-check.ts';
import { normaliseConnections } from './connection-defaults.ts';
import { locate } from './diagnostics.ts';
import { prepareExpressions } from './expression-engine.ts';
import { isMapping, valueAt } from './issue.ts';
import type { Job, Raw } from './job.ts';
import { isConnectionsFile } from './job-folder.ts';
import { normaliseJob } from './normalise.ts';
import { type Parsed, parseYaml } from './parse.ts';
import { loadSharedConnections, readConnections, type SharedConnections } from './shared-connections.ts';
import { readSource } from './source.ts';
import { hasExpression } from './template.ts';

export type { CheckSchedule } from './checks/schedule-check.ts';
export { findJob } from './job-files.ts';

export interface LoadDependencies {
  readonly steps: ReadonlyMap<string, StepType>;
  readonly checkSchedule: CheckSchedule;
}

/** Reads connections.yaml beside the file, too. Throws only what the file system says about the file. */
export async function loadJob(path: string, deps: LoadDependencies): Promise<Result<Job>> {
  const source = await readSource(path);
  if (!source.ok) return failed(source.diagnostics);
  const parsed = parseYaml(source.value);
  const { value } = parsed;
  if (value === undefined) return failed(locate(parsed, parsed.problems));
  await prepareExpressions();
  if (isConnectionsFile(basename(path))) return failed([...notAJob(parsed), ...(await readConnections(path)).diagnostics]);
  const file = resolve(path);
  const fileName = basename(file, extname(file));
  const shared = await loadSharedConnections(dirname(path));
  const around = { types: deps.steps, checkSchedule: deps.checkSchedule, fileName, shared: shared.connections };
  const own = locate(parsed, [...parsed.problems, ...checkJob(value, around)]);
  const concerned = usesShared(value, shared);
  const diagnostics = [...own, ...(concerned ? shared.diagnostics : [])];
  if (diagnostics.some(isError)) return failed(diagnostics);
  const usable = shared.diagnostics.some(isError) ? {} : normaliseConnections(shared.connections, dirname(file));
  return ok(normaliseJob(value, { file, fileName, types: deps.steps, shared: usable }), diagnostics);
}

function notAJob(parsed: Parsed): readonly Diagnostic[] {
  const message = 'this is the file of shared connections, not a job';
  const hint = 'It is checked with every job beside it that takes a connection from it.';
  return locate(parsed, [{ code: 'not-a-job', message, hint, path: [] }]);
}

/** Mistakes in connections.yaml concern a job that takes a connection from it, and nobody else. */
function usesShared(job: Raw, { connections }: SharedConnections): boolean {
  const own = valueAt(job, ['connections']);
  const lists = [valueAt(job, ['steps']), valueAt(job, ['on-failure'])];
  const steps = lists.flatMap(list => (Array.isArray(list) ? (list as readonly Raw[]) : []));
  return steps.some(step => {
    const name = valueAt(step, ['with', 'connection']);
    if (typeof name !== 'string' || (isMapping(own) && Object.hasOwn(own, name))) return false;
    return connections === undefined || Object.hasOwn(connections, name) || hasExpression(name);
  });
}

function isError({ severity }: Diagnostic): boolean {
  return severity === 'error';
}
