// Finds, reads and checks job files with every step type and the schedule check wired in.
import type { Diagnostic } from '../core/diagnostic.ts';
import { AppError } from '../core/errors.ts';
import type { Result } from '../core/result.ts';
import type { Job } from '../job/job.ts';
import { findJob, type LoadDependencies, loadJob } from '../job/load.ts';
import { jobSchema } from '../job/schema.ts';
import { checkSchedule } from '../schedule/cron.ts';
import { stepTypes } from '../steps/registry.ts';
import type { Workspace } from './workspace.ts';

/** The job file is wrong; `diagnostics` says all that is. */
export class InvalidJobError extends AppError {
  readonly diagnostics: readonly Diagnostic[];

  constructor(file: string, diagnostics: readonly Diagnostic[]) {
    const errors = diagnostics.filter(d => d.severity === 'error').length;
    super('job-invalid', `${file}: ${errors === 1 ? 'one error' : `${errors} errors`}`, {
      hint: 'Nothing was run. Correct the file and try again.',
    });
    this.diagnostics = diagnostics;
  }
}

const loadDependencies: LoadDependencies = { steps: stepTypes, checkSchedule };

/** Reads one file; problems are in the result, not thrown. */
export function readJob(path: string): Promise<Result<Job>> {
  return loadJob(path, loadDependencies);
}

/** By path, or by name in the jobs folder. Throws AppError `job-missing` or InvalidJobError. */
export async function jobByName(
  nameOrPath: string,
  { jobsDir }: Workspace,
): Promise<{ job: Job; warnings: readonly Diagnostic[] }> {
  const path = await findJob(nameOrPath, jobsDir);
  const result = await readJob(path);
  if (!result.ok) throw new InvalidJobError(path, result.diagnostics);
  return { job: result.value, warnings: result.diagnostics };
}

/** The JSON Schema of job files, as text that ends in a line end. */
export function jobSchemaText(): string {
  return `${JSON.stringify(jobSchema(stepTypes), undefined, 2)}\n`;
}
