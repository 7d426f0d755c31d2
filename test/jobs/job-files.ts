// Loads job files as the program does, and writes what is wrong with them as the expected files do.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import { type LoadDependencies, loadJob } from '../../src/job/load.ts';
import { checkSchedule } from '../../src/schedule/cron.ts';
import { stepTypes } from '../../src/steps/registry.ts';

export const dependencies: LoadDependencies = { steps: stepTypes, checkSchedule };

export const load = (path: string) => loadJob(path, dependencies);

export function yamlFiles(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter(name => name.endsWith('.yaml') && name !== 'connections.yaml')
    .sort()
    .map(name => join(folder, name));
}

/** `line:column severity code: message`, and the hint below it. */
export function written(diagnostics: readonly Diagnostic[]): string {
  return diagnostics
    .map(({ range, severity, code, message, hint }) => {
      return `${range.start.line}:${range.start.column} ${severity} ${code}: ${message}\n  hint: ${hint}\n`;
    })
    .join('');
}
