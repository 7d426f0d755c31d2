// The job files in README and docs are valid, the commands there exist with the flags they are given, and the generated pages are current.
// What the commands do is seen by docs/commands.test.ts.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { commandsOf } from '../src/app/shell/words.ts';
import { check, type Schema } from '../src/core/schema.ts';
import { connectionSchemas } from '../src/job/connection-definition.ts';
import { jobFileSchema, retrySchema, scheduleSchema, stepSchema } from '../src/job/definition.ts';
import { stepTypes } from '../src/steps/registry.ts';
import { COMMANDS, JOBS, nameOf, ROOT } from './docs/blocks.ts';
import { EXAMPLES } from './docs/examples.ts';
import { generatedPages } from './docs/generated.ts';
import { connectionKeys } from './docs/job-reference.ts';
import { fieldsOf, type Key, keysOf } from './docs/key-table.ts';
import { load, written } from './jobs/job-files.ts';
import { tempDir } from './support/temp-dir.ts';

const temp = await tempDir();
afterAll(temp.remove);

interface Section {
  readonly name: string;
  readonly keys: readonly Key[];
  readonly schema: (key: string) => Schema<unknown>;
  /** Without which the key is not right. */
  readonly around?: (key: string) => Readonly<Record<string, unknown>>;
}

const protocolOf = (key: string) =>
  (['ftp', 'pop3', 'smtp'] as const).find(type => keysOf(fieldsOf(connectionSchemas[type])).some(({ name }) => name === key)) ??
  'ftp';
const somebody = (name: string) => (/^smtp/.test(name) ? { around: () => ({ to: 'ops@example.org' }) } : {});
const sections: readonly Section[] = [
  { name: 'job', keys: outermost(jobFileSchema), schema: () => jobFileSchema },
  { name: 'schedule', keys: keysOf(fieldsOf(scheduleSchema)), schema: () => scheduleSchema },
  { name: 'retry', keys: keysOf(fieldsOf(retrySchema)), schema: () => retrySchema },
  { name: 'step', keys: outermost(stepSchema), schema: () => stepSchema },
  {
    ...{ name: 'connection', keys: connectionKeys(), schema: key => connectionSchemas[protocolOf(key)] },
    around: key => ({ type: protocolOf(key) }),
  },
  ...[...stepTypes.values()].map(({ name, schema }) => ({
    ...{ name, keys: keysOf(fieldsOf(schema)), schema: () => schema },
    ...somebody(name),
  })),
];

function outermost(schema: Schema<unknown>): readonly Key[] {
  return keysOf(fieldsOf(schema)).filter(({ name }) => !name.includes('.'));
}

describe('job files', () => {
  it('are found', () => expect(JOBS.length).toBeGreaterThan(3));

  it.each(JOBS.map(block => [nameOf(block), block] as const))('%s is valid', async (name, { text }) => {
    const folder = join(temp.path, name.replace(/\W/g, '-'));
    mkdirSync(folder);
    copyFileSync(join(ROOT, 'jobs/connections.yaml'), join(folder, 'connections.yaml'));
    const path = join(folder, 'job.yaml');
    writeFileSync(path, text);
    const { diagnostics } = await load(path);
    expect(written(diagnostics.filter(({ severity }) => severity === 'error'))).toBe('');
  });
});

describe('generated pages', () => {
  it.each(Object.entries(generatedPages()))('%s is current; else run `npm run docs`', (path, text) => {
    expect(readFileSync(join(ROOT, path), 'utf8')).toBe(text);
  });

  it.each(
    sections.map(section => [section.name, section] as const),
  )('%s: every key has an example that is right', (name, section) => {
    const { keys, schema, around } = section;
    const examples = EXAMPLES[name] ?? {};
    const outer = keys.filter(key => !key.name.includes('.'));
    const required = Object.fromEntries(outer.filter(key => key.required).map(key => [key.name, examples[key.name]]));
    expect(Object.keys(examples).sort(), 'test/docs/examples.ts').toEqual(keys.map(key => key.name).sort());
    for (const key of outer) {
      const checked = check(schema(key.name), { ...required, ...around?.(key.name), [key.name]: examples[key.name] });
      expect(checked.ok ? [] : checked.issues, key.name).toEqual([]);
    }
  });
});

interface Manifest {
  readonly commands: Record<string, { readonly flags: Record<string, { readonly char?: string; readonly allowNo?: boolean }> }>;
}

describe('commands', () => {
  const { commands } = JSON.parse(readFileSync(join(ROOT, 'oclif.manifest.json'), 'utf8')) as Manifest;
  const lines = COMMANDS.flatMap(block =>
    block.text.split('\n').map((text, index) => ({ where: `${block.page}:${block.line + index + 1}`, text })),
  )
    .flatMap(({ where, text }) => text.split(/\s&&\s|\s\|\s|;\s/).map(part => ({ where, text: part.trim().replace(/^\$ /, '') })))
    .map(({ where, text }) => ({
      where,
      words: /^(npx )?postrider\s/.test(text) ? (commandsOf(text.replace(/^npx /, '').replaceAll('…', ''))[0] ?? []) : [],
    }))
    .filter(({ words }) => words.length > 1);

  it('are found', () => expect(lines.length).toBeGreaterThan(30));

  it.each(lines.map(({ where, words }) => [where, words] as const))('%s: %j', (_where, [, ...words]) => {
    const two = `${words[0]}:${words[1]}`;
    const id = commands[two] === undefined ? String(words[0]) : two;
    const command = commands[id];
    if (id.startsWith('--') || id === 'help') return;
    expect(command, id).toBeDefined();
    const flags = Object.entries(command?.flags ?? {});
    for (const word of words.filter(each => /^-/.test(each) && each !== '-')) {
      const [flag = ''] = word.split('=');
      const known = flags.some(([name, { char, allowNo }]) =>
        flag.startsWith('--') ? flag === `--${name}` || (allowNo === true && flag === `--no-${name}`) : flag === `-${char}`,
      );
      expect(known || flag === '--help', `${id} ${flag}`).toBe(true);
    }
  });
});
