// What the README says of settings, commands and exit codes is what the program has. UPDATE_README=1 rewrites the reference.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EXIT } from '../src/app/exit-codes.ts';
import { stepReference } from './support/reference.ts';

const path = join(import.meta.dirname, '../README.md');
const readme = readFileSync(path, 'utf8');
const REFERENCE = /(<!-- steps: made from src\/steps by UPDATE_README=1 -->\n)[\s\S]*?(\n<!-- \/steps -->)/;

it('has the reference of all steps', () => {
  const wanted = readme.replace(REFERENCE, (_, open: string, close: string) => `${open}\n${stepReference()}\n${close}`);
  if (process.env['UPDATE_README'] === '1') writeFileSync(path, wanted);
  else expect(readme).toBe(wanted);
  expect(readme).toMatch(REFERENCE);
});

it('names every command', () => {
  const commands = join(import.meta.dirname, '../src/commands');
  // `complete` is asked by the scripts of `completion`, not by people.
  const helpers = ['complete.ts', 'base.ts', 'interruption.ts', 'oclif', 'run-json.ts', 'terminal.ts'];
  const names = readdirSync(commands, { withFileTypes: true })
    .filter(entry => !helpers.includes(entry.name))
    .map(entry => entry.name.replace(/\.ts$/, ''));
  expect(names.filter(name => !new RegExp(`\`${name}\\b`).test(readme))).toEqual([]);
});

it('names every exit code', () => {
  for (const code of Object.values(EXIT)) expect(readme).toMatch(new RegExp(`^\\| (\\d+, )?${code}(, \\d+)? \\|`, 'm'));
});
