// Every fault at every command of a mirror, up and down: the right tree after at most one more run, or a clear error; nothing half-written,
// and nothing deleted before everything was transferred. FAULTS=all tries each at the first three occurrences and for ever, under TLS too.
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { AppError } from '../../../src/core/errors.ts';
import { connectFtp } from '../../../src/protocols/ftp/index.ts';
import { dial } from '../../../src/protocols/net/dial.ts';
import { makeRig, read, T0, write } from './rig.ts';
import { sandboxFtp } from './sandbox-rig.ts';

const ALL = process.env['FAULTS'] === 'all';
const COMMANDS = {
  both: 'greeting USER PASS FEAT OPTS TYPE PWD CWD EPSV MLSD STAT QUIT',
  upload: 'STOR SIZE MFMT MDTM MKD RMD DELE RNFR RNTO',
  download: 'RETR',
  tls: 'AUTH PBSZ PROT',
} as const;
const REPLIES = ['421 going', '425 no data', '426 cut', '450 busy', '451 local', '452 full', '500 what', '550 no', '552 quota'];
const COUNTS = ALL ? ['#1', '#2', '#3', '#*'] : ['#1', '#*'];
const TLS = ALL ? (['none', 'explicit'] as const) : (['none'] as const);

const OLD = { 'index.html': 'old index', 'css/a.css': 'old css', 'gone.txt': 'gone', 'gone/x': 'x', 'same.txt': 'same' };
const NEW = {
  'index.html': 'new index!',
  'css/a.css': 'new css!!',
  'css/new/b.css': 'b',
  'big.bin': 'abcdefgh'.repeat(40_000),
  empty: '',
  'same.txt': 'same',
};
const EXTRA = ['gone.txt', 'gone/x'];

function rules(direction: 'upload' | 'download', tls: string): string[] {
  const points = [COMMANDS.both, COMMANDS[direction], ...(tls === 'none' ? [] : [COMMANDS.tls])].join(' ').split(' ');
  const cells = points.flatMap(point => ['cut', ...REPLIES.map(text => `reply:${text}`)].map(action => [point, action] as const));
  const moments = [
    ...['cut', ...REPLIES.map(text => `reply:${text}`), 'delay:5ms'].map(action => ['226', action] as const),
    ...['cut', 'skip', 'delay:5ms'].map(action => ['150', action] as const),
    ...['cut', 'reset', 'refuse', 'full'].map(action => ['data', action] as const),
    ...['cut', 'reset', 'full', 'reply:451 local'].map(action => ['data@7', action] as const),
    ...['cut', 'refuse'].map(action => ['connect', action] as const),
    ...(tls === 'none' ? [] : [['tls', 'cut'] as const]),
    ['*', 'split'] as const,
  ];
  const counted = [...cells, ...moments].flatMap(([point, action]) => {
    const [name = '', bytes] = point.split('@');
    return COUNTS.map(count => `ftp:${name}${count}${bytes === undefined ? '' : `@${bytes}`}=${action}`);
  });
  return counted;
}

let cells = 0;
let helped = 0;
afterAll(() => console.info(`fault matrix: ${cells} cells, ${helped} of them right after another run`));

describe.each(TLS)('tls %s', tls => {
  describe.each(['upload', 'download'] as const)('%s', direction => {
    const all = rules(direction, tls);
    const groups = Map.groupBy(all, rule => /^ftp:[^#@=]+/.exec(rule)?.[0] ?? '');
    test.each([...groups])('%s', { timeout: 120_000 }, async (_, group) => {
      const world = await makeWorld(direction, tls);
      for (const rule of group) await cell(world, rule);
    });
  });
});

type World = Awaited<ReturnType<typeof makeWorld>>;

async function makeWorld(direction: 'upload' | 'download', tls: 'none' | 'explicit') {
  const sandbox = await sandboxFtp({ tls });
  const endpoint = { ...sandbox.endpoint, timeoutMs: 3_000 };
  const rig = await makeRig({ connect: (_, options) => connectFtp(endpoint, { ...options, dial, clock: systemClock }) });
  const remote = join(sandbox.siteDir, 'www');
  const [source, target] = direction === 'upload' ? [rig.site, remote] : [remote, rig.site];
  return {
    source,
    target,
    run: () => rig.run({ direction, delete: true, parallel: 2 }),
    weather: sandbox.weather,
    reset: async () => {
      rig.ledger.clear();
      for (const [folder, tree, at] of [
        [source, NEW, T0 + 3_600_000],
        [target, OLD, T0],
      ] as const) {
        await rm(folder, { recursive: true, force: true });
        await mkdir(folder, { recursive: true });
        await write(folder, tree, at);
      }
      await write(target, { 'same.txt': 'same' }, T0 + 3_600_000);
    },
  };
}

async function cell(world: World, rule: string): Promise<void> {
  cells += 1;
  await world.reset();
  world.weather(rule);
  const first = await world.run().catch((error: unknown) => error);
  const after = await read(world.target);
  if (!(first instanceof Error)) expect([rule, after]).toEqual([rule, NEW]);
  else {
    expect([rule, first instanceof AppError, first.message.length > 10]).toEqual([rule, true, true]);
    for (const [path, old] of Object.entries(OLD)) {
      if (EXTRA.includes(path)) continue;
      expect([rule, path, [old, NEW[path as keyof typeof NEW]].includes(after[path] ?? '')]).toEqual([rule, path, true]);
    }
    for (const [path, data] of Object.entries(after))
      if (!(path in OLD)) expect([rule, path, data]).toEqual([rule, path, NEW[path as keyof typeof NEW]]);
    const complete = Object.entries(NEW).every(([path, data]) => after[path] === data);
    if (!complete) expect([rule, EXTRA.filter(path => !(path in after))]).toEqual([rule, []]);
  }
  if (!(first instanceof Error)) return;
  world.weather();
  const second = await world.run().catch((error: unknown) => error);
  expect([rule, second instanceof Error ? second.message : 'yes']).toEqual([rule, 'yes']);
  expect([rule, await read(world.target)]).toEqual([rule, NEW]);
  expect(await readFile(join(world.target, 'empty'), 'utf8')).toBe('');
  helped += 1;
}
