// What may stand where somebody presses Tab, and what a line means that is typed half.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectedAt, type KnownCommand } from '../../../src/app/completion/grammar.ts';
import { wordsOf } from '../../../src/app/completion/line.ts';
import { COMPLETION_SHELLS, completionScript } from '../../../src/app/completion/scripts.ts';
import { cli } from '../../support/cli.ts';
import { tempDir } from '../../support/temp-dir.ts';

describe('a line', () => {
  it.each([
    ['', ['']],
    ['postrider', ['postrider']],
    ['postrider ', ['postrider', '']],
    ['postrider  ftp   l', ['postrider', 'ftp', 'l']],
    ['p "two words" \'it is\' a\\ b', ['p', 'two words', 'it is', 'a b']],
    ['p "half op', ['p', 'half op']],
    ['p --a=b@c:d', ['p', '--a=b@c:d']],
    ['p x\\', ['p', 'x']],
    ['p "a\\"b" ', ['p', 'a"b', '']],
  ])('%j', (line, words) => expect(wordsOf(line)).toEqual(words));

  it('is not read when it is endless', () => {
    expect(wordsOf('x'.repeat(64 * 1024))).toHaveLength(1);
    expect(wordsOf(`p ${'x '.repeat(64 * 1024)}`)).toEqual(['']);
  });
});

const flag = (name: string, more: Partial<KnownCommand['flags'][number]> = {}) => ({
  ...{ name, summary: '', takesValue: false, multiple: false, options: [] },
  ...more,
});
const COMMANDS: readonly KnownCommand[] = [
  {
    id: 'run',
    summary: 'run it',
    args: [{ name: 'job', options: [] }],
    variadic: false,
    flags: [
      flag('json'),
      flag('jobs', { takesValue: true, char: 'J' }),
      flag('set', { takesValue: true, multiple: true }),
      flag('only', { takesValue: true }),
    ],
  },
  { id: 'ftp:ls', summary: 'list', args: [{ name: 'target', options: [] }], variadic: false, flags: [] },
  { id: 'ftp:put', summary: 'send', args: [{ name: 'file', options: [] }], variadic: true, flags: [] },
  { id: 'completion', summary: '', args: [{ name: 'shell', options: ['bash', 'zsh'] }], variadic: false, flags: [] },
];
const at = (line: string) => {
  const { candidates, names, paths, prefix } = expectedAt(wordsOf(line), COMMANDS);
  return [candidates.map(({ value }) => value).join(' '), names.join(' '), paths ?? '', prefix].join('|');
};

it.each([
  ['', 'run ftp completion|||'],
  ['r', 'run|||'],
  ['ftp ', 'ls put|||'],
  ['ftp ls ', '|ftp-target||'],
  ['ftp ls a ', '|||'],
  ['ftp put a b ', '|ftp-target|files|'],
  ['run ', '|job|files|'],
  ['run --', '--json --jobs --set --only|||'],
  ['run --json --set a=b --', '--jobs --set --only|||'],
  ['run --jobs ', '||folders|'],
  ['run -J ', '||folders|'],
  ['run --jobs=x', '||folders|--jobs='],
  ['run night --only ', '|step||'],
  ['run -- --js', '|job|files|'],
  ['completion z', 'zsh|||'],
  ['help ', 'run ftp completion|topic||'],
  ['help ftp l', 'ls|||'],
  ['nonsense ', '|||'],
])('%j', (line, expected) => expect(at(line)).toBe(expected));

it('knows the job of a step and the folder that was named', () => {
  const { given, values } = expectedAt(wordsOf('run night --jobs there --only '), COMMANDS);
  expect({ given, values }).toEqual({ given: ['night'], values: { jobs: 'there' } });
});

describe('postrider complete', () => {
  let temp: Awaited<ReturnType<typeof tempDir>>;
  beforeAll(async () => {
    temp = await tempDir();
    await mkdir(join(temp.path, 'jobs'));
    await writeFile(
      join(temp.path, 'jobs/night.yaml'),
      'ping: "${{ secrets.ping-url }}"\nsteps:\n  - { id: one, run: "true" }\n',
    );
    const web = 'web: { type: ftp, host: a.example, user: me, password: "${{ secrets.web }}" }\n';
    await writeFile(
      join(temp.path, 'jobs/connections.yaml'),
      `${web}in: { type: pop3, host: b.example }\n"\\e[31m": { type: ftp, host: c }\n`,
    );
  });
  afterAll(() => temp.remove());

  it.each([
    ['postrider run n', ['night\tjob', ':files']],
    ['postrider run night --only ', ['one\tshell']],
    ['postrider ftp ls ', ['@web\tftp']],
    ['postrider pop3 stat @', ['@in\tpop3']],
    ['postrider secret set ', ['key\tenvironment', 'ping-url\tnamed by a job', 'web\tnamed by a job']],
    ['postrider show ', []],
    ['postrider help exit', ['exit-codes\twhat the exit code of a command says']],
  ])('%s', async (line, expected) => {
    const { stdout, stderr, code } = await cli(['complete', '--line', line], {
      cwd: temp.path,
      env: { POSTRIDER_SECRET_KEY: 'geheim' },
    });
    expect({ lines: stdout.split('\n').filter(Boolean), stderr, code }).toEqual({ lines: expected, stderr: '', code: 0 });
  });
});

it('has a script for each shell, each of which asks the same command', () => {
  for (const shell of COMPLETION_SHELLS) expect(completionScript(shell)).toContain('complete --line');
});
