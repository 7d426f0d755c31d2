// What the README says of commands and exit codes is what the program has; its jobs and commands are run by docs/commands.test.ts.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EXIT } from '../src/app/exit-codes.ts';

const path = join(import.meta.dirname, '../README.md');
const readme = readFileSync(path, 'utf8');

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
