// Checks files and folders of jobs, every problem at once.
import { stat } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import type { Diagnostic } from '../core/diagnostic.ts';
import { AppError, fileError } from '../core/errors.ts';
import { failed } from '../core/result.ts';
import type { Job } from '../job/job.ts';
import { listJobs } from '../job/job-folder.ts';
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
  for (const file of files) {
    const result = await readJob(file).catch(error => failed<Job>([unreadable(file, error)]));
    const shown = relative(cwd, file).startsWith('..') ? file : relative(cwd, file);
    results.push({
      file: shown,
      valid: result.ok,
      diagnostics: result.diagnostics.map(d => (d.file === file ? { ...d, file: shown } : d)),
    });
  }
  return results;
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
