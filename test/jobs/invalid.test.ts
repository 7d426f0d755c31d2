// Every wrong job file says exactly what is wrong with it: place, code, words and hint, all at once. UPDATE_EXPECTED=1 rewrites.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import { loadJob } from '../../src/job/load.ts';
import { checkSchedule } from '../../src/schedule/cron.ts';
import { stepTypes } from '../../src/steps/registry.ts';

const folder = join(import.meta.dirname, 'invalid');
const files = readdirSync(folder).filter(name => name.endsWith('.yaml'));

describe('a wrong job file', () => {
  it('is there often enough', () => {
    expect(files.length).toBeGreaterThanOrEqual(60);
  });

  it('has its expectation, and no expectation is without a file', () => {
    const expectations = readdirSync(folder).filter(name => name.endsWith('.expected'));
    expect(expectations.sort()).toEqual(files.map(name => name.replace(/yaml$/, 'expected')).sort());
  });

  it.each(files)('%s', async name => {
    const path = join(folder, name);
    const result = await loadJob(path, { steps: stepTypes, checkSchedule });
    const said = result.diagnostics.map(shown).join('');
    const expected = path.replace(/yaml$/, 'expected');
    if (process.env['UPDATE_EXPECTED'] === '1') writeFileSync(expected, said);
    expect(said).toBe(readFileSync(expected, 'utf8'));
    expect(result.ok).toBe(false);
    expect(result.diagnostics.every(({ file }) => file === path)).toBe(true);
  });
});

function shown({ range, severity, code, message, hint }: Diagnostic): string {
  return `${range.start.line}:${range.start.column} ${severity} ${code}: ${message}\n  hint: ${hint}\n`;
}
