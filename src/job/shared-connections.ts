// connections.yaml: servers that all jobs of a folder share.
import { join } from 'node:path';
import type { Diagnostic } from '../core/diagnostic.ts';
import { isFile } from '../files/there.ts';
import { checkConnections } from './checks/connection-check.ts';
import type { ExpressionScope } from './checks/expression-check.ts';
import { locate } from './diagnostics.ts';
import { prepareExpressions } from './expression-engine.ts';
import { found, isMapping, valueAt } from './issue.ts';
import type { Raw } from './job.ts';
import { CONNECTIONS_FILES } from './job-folder.ts';
import { parseYaml } from './parse.ts';
import type { Path, Problem } from './problem.ts';
import { readSource } from './source.ts';

export interface SharedConnections {
  /** As written; undefined when the file cannot be read. */
  readonly connections: Readonly<Record<string, Raw>> | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

const SCOPE: ExpressionScope = {
  place: 'connections.yaml, which many jobs share',
  condition: false,
  contexts: ['env', 'secrets'],
  ended: new Set(),
  steps: new Set(),
};

export async function loadSharedConnections(folder: string): Promise<SharedConnections> {
  for (const name of CONNECTIONS_FILES) {
    const path = join(folder, name);
    if (await isFile(path)) return readConnections(path);
  }
  return { connections: {}, diagnostics: [] };
}

export async function readConnections(path: string): Promise<SharedConnections> {
  const source = await readSource(path);
  if (!source.ok) return { connections: undefined, diagnostics: source.diagnostics };
  const parsed = parseYaml(source.value);
  if (parsed.value === undefined) return { connections: undefined, diagnostics: locate(parsed, parsed.problems) };
  await prepareExpressions();
  const at = innerPath(parsed.value);
  const content = valueAt(parsed.value, at) ?? null;
  const diagnostics = locate(parsed, [...parsed.problems, ...contentProblems(content, at)]);
  return { connections: content === null ? {} : isMapping(content) ? content : undefined, diagnostics };
}

function contentProblems(content: Raw, at: Path): readonly Problem[] {
  if (content === null) return [];
  if (isMapping(content)) return checkConnections(content, at, SCOPE);
  const message = `the file must be a mapping of connections, but ${found(content)}`;
  return [{ code: 'wrong-type', message, hint: 'Write `NAME:` lines with the settings of each below, indented.', path: at }];
}

/** The names may stand at the top of the file, or below `connections:` as in a job. */
function innerPath(value: Raw): Path {
  if (!isMapping(value) || Object.keys(value).length !== 1 || !Object.hasOwn(value, 'connections')) return [];
  return typeof valueAt(value, ['connections', 'type']) === 'string' ? [] : ['connections'];
}
