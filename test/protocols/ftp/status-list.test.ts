// STAT instead of a data connection for each folder: believed only where it was seen to be right, and never for what it does not prove.
import { afterEach, expect, test } from 'vitest';
import { STATUS_LINES_MAX } from '../../../src/protocols/ftp/limits.ts';
import { type FakeOptions, FakeServer, type Peer, type Script } from './fake-server.ts';

const servers: FakeServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

const DOTS = ['drwxr-xr-x 2 0 0 4096 Nov 26 04:28 .', 'drwxr-xr-x 2 0 0 4096 Nov 26 04:28 ..'];
const file = (name: string, size = 5) => `-rw-r--r-- 1 0 0 ${size} Nov 26 04:28 ${name}`;
const dir = (name: string) => `drwxr-xr-x 2 0 0 4096 Nov 26 04:28 ${name}`;
const many = (count: number) => Array.from({ length: count }, (_, n) => file(`f${n}`));

/** Folders by path; what STAT says of each may be replaced. */
function serverOf(
  folders: Readonly<Record<string, readonly string[]>>,
  stat: Readonly<Record<string, string>> = {},
  script: Script = {},
  options: FakeOptions = {},
) {
  let cwd = '/';
  const server = new FakeServer(
    {
      FEAT: '211 none',
      CWD: (peer, path) => {
        cwd = path;
        peer.reply('250 ok');
      },
      LIST: async (peer: Peer) => {
        peer.reply('150 here');
        const data = await peer.data();
        await data.write(Buffer.from([...DOTS, ...(folders[cwd] ?? [])].map(line => `${line}\r\n`).join('')));
        await data.end();
        peer.reply('226 done');
      },
      STAT: (peer, argument) => {
        const path = argument.replace('-a ', '');
        peer.reply(stat[path] ?? ['213-Status', ...DOTS, ...(folders[path] ?? []), '213 End'].join('\r\n'));
      },
      ...script,
    },
    options,
  );
  servers.push(server);
  return server;
}

const names = (listings: readonly (readonly { name: string }[] | undefined)[]) =>
  listings.map(one => one?.map(({ name }) => name));
const TREE = { '/': [dir('a'), dir('b')], '/a': [file('x')], '/b': [] };

test('folders come in one segment, once the server has shown with a known folder that it is right', async () => {
  const server = serverOf(TREE);
  const client = await server.connect();
  expect(names(await client.listTogether(['/a']))).toEqual([undefined]);
  await client.list('/');
  server.segments.length = 0;
  expect(names(await client.listTogether(['/a', '/b']))).toEqual([['x'], []]);
  expect(server.segments).toEqual([['STAT -a /', 'STAT -a /a', 'STAT -a /b']]);
  server.segments.length = 0;
  await client.listTogether(['/b']);
  expect(server.segments).toEqual([['STAT -a /b']]);
});

test.each([
  ['another size', ['213-Status', ...DOTS, dir('a'), file('b'), '213 End'].join('\r\n')],
  ['fewer entries', ['213-Status', ...DOTS, dir('a'), '213 End'].join('\r\n')],
  ['hidden files left out', ['213-Status', '213 End'].join('\r\n')],
  ['no STAT', '502 unknown'],
  ['no folder of that name', '550 no'],
])('a server that says something else of a known folder is never asked again: %s', async (_, answer) => {
  const server = serverOf(TREE, { '/': answer });
  const client = await server.connect();
  await client.list('/');
  expect(names(await client.listTogether(['/a', '/b']))).toEqual([undefined, undefined]);
  server.seen.length = 0;
  expect(names(await client.listTogether(['/a']))).toEqual([undefined]);
  expect(server.seen).toEqual([]);
});

test.each([
  ['empty without itself: missing or forbidden', '213-Status\r\n213 End'],
  ['refused', '450 not now'],
  ['a line that cannot be read', ['213-Status', ...DOTS, 'what?', '213 End'].join('\r\n')],
  ['cut off by its own words', ['213-Status', ...DOTS, file('x'), '213 Output truncated'].join('\r\n')],
  ['longer than is believed', ['213-Status', ...DOTS, ...many(STATUS_LINES_MAX - 1), '213 End'].join('\r\n')],
])('what a reply does not prove is left to list(): %s', async (_, answer) => {
  const client = await serverOf(TREE, { '/a': answer }).connect();
  await client.list('/');
  expect(names(await client.listTogether(['/a', '/b']))).toEqual([undefined, []]);
});

test.each([
  '/with blank',
  '/st*r',
  '/wh?t',
  '/br[a]c',
  '/{a}',
  '/~me',
  '/back\\slash',
])('a pattern or a blank is never sent: %s', async path => {
  const server = serverOf(TREE);
  const client = await server.connect();
  await client.list('/');
  expect(names(await client.listTogether([path, '/b']))).toEqual([undefined, []]);
  expect(server.seen.filter(line => line.startsWith('STAT'))).toEqual(['STAT -a /', 'STAT -a /b']);
});

test('as long a listing as is believed, with codes and blanks before its lines', async () => {
  const lines = [...DOTS, ...many(STATUS_LINES_MAX - 2)];
  const client = await serverOf(TREE, {
    '/a': ['212-Status', ...lines.map(line => `212- ${line}`), '212 End'].join('\r\n'),
  }).connect();
  await client.list('/');
  expect((await client.listTogether(['/a']))[0]).toHaveLength(STATUS_LINES_MAX - 2);
});

test('a folder with a link is left to MLSD, which may say what it leads to', async () => {
  const server = serverOf(
    { '/': [dir('a')], '/a': ['lrwxrwxrwx 1 0 0 1 Nov 26 04:28 l -> x'] },
    {},
    {
      FEAT: '211-Features\r\n MLST type*;size*;\r\n211 End',
      MLSD: async peer => {
        peer.reply('150 here');
        const data = await peer.data();
        await data.write(Buffer.from('type=cdir; .\r\ntype=dir; a\r\n'));
        await data.end();
        peer.reply('226 done');
      },
    },
  );
  const client = await server.connect();
  await client.list('/');
  expect(await client.listTogether(['/a', '/'])).toEqual([undefined, [expect.objectContaining({ name: 'a' })]]);
});

test('a server that breaks over it is asked in the ordinary way from then on, by every session', async () => {
  const server = serverOf(TREE, {}, { STAT: peer => peer.cut() });
  const client = await server.connect();
  await client.list('/');
  await expect(client.listTogether(['/a'])).rejects.toMatchObject({ retry: 'reconnect' });
  const second = await server.connectAgain();
  await second.list('/');
  expect(names(await second.listTogether(['/a']))).toEqual([undefined]);
});

test('relative paths are asked for by their full name', async () => {
  const server = serverOf(
    { '/': [dir('a')], '/a': [file('x')], a: [file('x')], '/home/a': [file('x')], '/home/a/b': [] },
    {},
    { PWD: '257 "/home"' },
  );
  const client = await server.connect();
  await client.list('a');
  expect(names(await client.listTogether(['a/b', '../b']))).toEqual([[], undefined]);
  expect(server.seen.filter(line => line.startsWith('STAT'))).toEqual(['STAT -a /home/a', 'STAT -a /home/a/b']);
});

test('an answer that is longer than any other reply may be is no reason to hang up', async () => {
  const answer = ['213-Status', ...DOTS, ...many(20_000), '213 End'].join('\r\n');
  const client = await serverOf(TREE, { '/a': answer }).connect();
  await client.list('/');
  expect(names(await client.listTogether(['/a', '/b']))).toEqual([undefined, []]);
  await client.noop();
});

test.each([
  ['a server nearby that has MLSD', true, {}, {}],
  ['one without', false, { FEAT: '211 none' }, {}],
  ['one that is not near', false, {}, { near: false, distanceMs: 1 }],
] as const)('listing folder by folder is cheaper than asking for times: %s', async (_, expected, script, options) => {
  const server = serverOf(TREE, {}, { FEAT: '211-x\r\n MLST type*;modify*;\r\n211 End', ...script }, { near: true, ...options });
  const client = await server.connect();
  await client.noop();
  expect(client.listsExactly).toBe(expected);
});
