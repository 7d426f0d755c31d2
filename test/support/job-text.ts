// A job from its text, as it would be loaded from a file, without warnings or errors unless they are asked for.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import type { Job } from '../../src/job/job.ts';
import { loadJob } from '../../src/job/load.ts';
import { checkSchedule } from '../../src/schedule/cron.ts';
import { stepTypes } from '../../src/steps/registry.ts';
import { inTempDir } from './cli.ts';

/** Throws when it is no valid job. */
export function loadJobText(text: string): Promise<{ readonly job: Job; readonly diagnostics: readonly Diagnostic[] }> {
  return inTempDir(async dir => {
    const path = join(dir, 'job.yaml');
    await writeFile(path, text);
    const result = await loadJob(path, { steps: stepTypes, checkSchedule });
    if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join('\n'));
    return { job: result.value, diagnostics: result.diagnostics };
  });
}
