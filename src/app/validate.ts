// Checks files and folders of jobs, every problem at once.
import { stat } from 'node:fs/promises';
import { basename, dirname, relative, resolve } from 'node:path';
import type { Diagnostic } from '../core/diagnostic.ts';
import { AppError, fileError } from '../core/errors.ts';
import { failed, type Result } from '../core/result.ts';
import { locate } from '../job/diagnostics.ts';
import type { Job } from '../job/job.ts';
import { listJobs } from '../job/job-folder.ts';
import { parseYaml } from '../job/parse.ts';
import { readSource } from '../job/source.ts';
import { readJob } from './jobs.ts';
import type { Workspace } from './workspace.ts';

export interface ValidatedFile {
  readonly file: string;
  readonly valid: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

/** Throws AppError `job-missing` when a path does not exist; everything inside the files is in the result. */
export async function validateFiles(paths: readonly string[], { cwd }: Workspace): Promise<readonly ValidatedFile[]> {
  const files = (await Promise.all(paths.map(path => jobFiles(resolve(cwd, path))))).flat();
  const results: ValidatedFile[] = [];
  const owners = new Map<string, string>();
  for (const file of files) {
    const read = await readJob(file).catch(error => failed<Job>([unreadable(file, error)]));
    const result = await withoutRival(read, owners);
    const shown = (path: string) => (relative(cwd, path).startsWith('..') ? path : relative(cwd, path));
    results.push({
      file: shown(file),
      valid: result.ok,
      diagnostics: result.diagnostics.map(d => ({ ...d, file: shown(d.file) })),
    });
  }
  return results;
}

/** Two files of a folder cannot have one name: a scheduler would run but the first. */
async function withoutRival(result: Result<Job>, owners: Map<string, string>): Promise<Result<Job>> {
  if (!result.ok) return result;
  const { name, file } = result.value;
  const key = `${dirname(file)}/${name}`;
  const owner = owners.get(key) ?? file;
  owners.set(key, owner);
  const source = owner === file ? undefined : await readSource(file);
  if (source?.ok !== true) return result;
  const message = `the name ${name} is taken by ${basename(owner)}`;
  const problem = { code: 'duplicate-name', message, hint: 'Give one of the two another `name`.', path: ['name'] };
  return failed([...locate(parseYaml(source.value), [problem]), ...result.diagnostics]);
}

/** A link of a folder that leads nowhere keeps the other files from nothing. */
function unreadable(file: string, error: unknown): Diagnostic {
  const { code, message, hint = '' } = fileError(error, file);
  const start = { line: 1, column: 1 };
  return { code, severity: 'error', message, file, range: { start, end: start }, hint };
}

async function jobFiles(path: string): Promise<readonly string[]> {
  let files: readonly string[];
  try {
    files = (await stat(path)).isDirectory() ? await listJobs(path) : [path];
  } catch (error) {
    const hint = 'Check the path; `postrider init` makes a jobs folder.';
    throw new AppError('job-missing', fileError(error, path).message, { hint, cause: error });
  }
  if (files.length > 0) return files;
  throw new AppError('job-missing', `${path}: no job files in this folder`, {
    hint: 'Job files end in .yaml; `postrider init` writes examples.',
  });
}
