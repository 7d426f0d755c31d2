// job.schema.json says in an editor what the program says: it takes what is right and refuses what is wrong in shape.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseYaml } from '../../src/job/parse.ts';
import { sourceOf } from '../../src/job/source.ts';
import { misfits } from '../support/json-schema.ts';
import { yamlFiles } from './job-files.ts';

const schema = JSON.parse(readFileSync(join(import.meta.dirname, '../../jobs/job.schema.json'), 'utf8'));
const check = (text: string) => misfits(schema, parseYaml(sourceOf('job.yaml', text)).value);
const examples = [join(import.meta.dirname, '../../jobs'), join(import.meta.dirname, 'valid')].flatMap(yamlFiles);

const step = (settings: string) => `steps:\n  - id: a\n    uses: ftp/mirror\n    with: { connection: web, direction: upload, local: ., remote: /, ${settings} }\n`;

describe('job.schema.json', () => {
  it.each(examples.map(path => [basename(path), path]))('takes %s', (_, path) => {
    const text = readFileSync(path, 'utf8').replace(/^\ufeff/, '');
    expect(check(text)).toEqual([]);
  });

  it.each([
    ['an expression for true or false', step('delete: "${{ vars.x }}"')],
    ['an expression for a number', step('parallel: "${{ vars.x }}"')],
    ['an expression for one of some words', step('compare: "${{ vars.x }}"')],
    ['a short step', 'steps: [{ id: a, run: make }]\n'],
    ['one schedule or many', 'schedule: [{ cron: "@daily" }, { every: 15m }]\nsteps: [{ id: a, run: make }]\n'],
  ])('takes %s', (_, text) => expect(check(text)).toEqual([]));

  it.each([
    ['an unknown key', 'foo: 1\nsteps: [{ id: a, run: make }]\n', '$.foo: unknown'],
    ['no steps', 'name: a\n', '$: steps required'],
    ['a bad duration', 'timeout: soon\nsteps: [{ id: a, run: make }]\n', '$.timeout: pattern'],
    ['an unknown setting', step('delet: true'), '$.steps[0].with.delet: unknown'],
    ['a missing setting', 'steps: [{ id: a, uses: pop3/archive, with: { connection: x } }]\n', '$.steps[0].with: archive required'],
    ['a missing `with`', 'steps: [{ id: a, uses: pop3/archive }]\n', '$.steps[0]: with required'],
    ['text for true or false', step('delete: "yes"'), '$.steps[0].with.delete: anyOf'],
    ['a connection of no type', 'connections: { web: { host: h } }\nsteps: [{ id: a, run: make }]\n', '$.connections.web: type required'],
    ['a key of another type', 'connections: { web: { type: pop3, host: h, passive: false } }\nsteps: [{ id: a, run: make }]\n', '$.connections.web.passive: unknown'],
    ['`needs` after a failure', 'on-failure: [{ id: b, run: x, needs: [] }]\nsteps: [{ id: a, run: make }]\n', '$.on-failure[0].needs: unknown'],
  ])('refuses %s', (_, text, misfit) => expect(check(text)).toContain(misfit));
});
