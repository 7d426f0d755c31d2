// Servers that say things a little differently, and are understood; and the listing of edge cases, held to the tests that it names.
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { type FakeOptions, FakeServer, type Peer, type Script } from './fake-server.ts';

const servers: FakeServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function connect(script: Script = {}, options: FakeOptions = {}) {
  const server = new FakeServer(script, options);
  servers.push(server);
  return { server, client: await server.connect() };
}

const sends =
  (...after: string[]) =>
  async (peer: Peer) => {
    peer.reply('150 here');
    const data = await peer.data();
    await data.write(Buffer.from('hello'));
    await data.end();
    peer.reply(...after);
  };

async function whole(chunks: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString();
}

describe('signing in', () => {
  it.each<[string, Script, FakeOptions]>([
    ['120 before 220', {}, { greeting: '120 ready in 5 minutes\r\n220 now' }],
    [
      'a greeting of fifty lines',
      {},
      { greeting: `220-Welcome\r\n${'220 not yet\r\n'.replaceAll('220 ', ' 220 ').repeat(48)}220 done` },
    ],
    [
      'inner lines that begin with other codes',
      {},
      { greeting: '220-Welcome\r\n230 users are here\r\n421 of them idle\r\n220 done' },
    ],
    ['no password wanted: 230', { USER: '230 in' }, {}],
    ['no password wanted: 232', { USER: '232 in' }, {}],
    ['202 to PASS', { PASS: '202 superfluous' }, {}],
    ['FEAT unknown', { FEAT: '500 what' }, {}],
    ['FEAT of two lines without a blank', { FEAT: '211-Features\r\nMDTM\r\nSIZE\r\n211 End' }, {}],
    ['FEAT empty', { FEAT: '211 no features' }, {}],
    ['OPTS unknown', { OPTS: '501 what' }, {}],
    ['replies one byte at a time', {}, { trickle: true }],
  ])('%s', async (_, script, options) => {
    const { client } = await connect({ RETR: sends('226 done'), ...script }, options);
    expect(await whole(client.download('/a'))).toBe('hello');
  });

  it.each([
    ['an account is wanted after USER', { USER: '332 account' }, 'account-required'],
    ['an account is wanted after PASS', { PASS: '332 account' }, 'account-required'],
    ['421 too many at the door', {}, 'too-many-connections'],
    [
      '530 too many in words',
      { PASS: '530 Sorry, the maximum number of clients (5) for this user are already connected.' },
      'too-many-connections',
    ],
  ] as const)('%s', async (_, script, code) => {
    const greeting =
      code === 'too-many-connections' && Object.keys(script).length === 0
        ? { greeting: '421 Too many connections (8) from this IP' }
        : {};
    await expect(connect(script, greeting)).rejects.toMatchObject({ code });
  });
});

describe('the end of a transfer', () => {
  it.each(['200 done', '226-Some\r\n lines\r\n226 done', '250 done'])('%s', async answer => {
    const { client } = await connect({ RETR: sends(answer) });
    expect(await whole(client.download('/a'))).toBe('hello');
    expect(await whole(client.download('/a'))).toBe('hello');
  });

  it('226 twice: the file counts, and the session, whose replies no longer fit, is given up', async () => {
    const { client } = await connect({ RETR: sends('226 done', '226 done'), NOOP: () => undefined });
    expect(await whole(client.download('/a'))).toBe('hello');
    await expect(client.noop()).rejects.toMatchObject({ retry: 'reconnect' });
  });
});

describe('edge-cases.md', () => {
  const rows = readFileSync(new URL('edge-cases.md', import.meta.url), 'utf8')
    .split('\n')
    .filter(line => line.startsWith('| ') && !line.startsWith('| edge') && !line.startsWith('| ---'));

  it.each(rows.map(row => [row.split('|')[1]?.trim() ?? '', row.split('|').slice(2, -1).join('|').trim()]))('%s', (_, told) => {
    const cited = [...told.matchAll(/`(test\/[^`]+?\.(?:test\.ts|txt))`(?: "([^"]+)")?/g)];
    if (cited.length === 0) expect(told.length).toBeGreaterThan(20);
    for (const [, file = '', words = ''] of cited) {
      expect([file, existsSync(file)]).toEqual([file, true]);
      expect([file, words, readFileSync(file, 'utf8').includes(words)]).toEqual([file, words, true]);
    }
  });
});
