// What may leave together with a sign-in, and how a session begins when that was of no use; the end without waiting for the goodbye.
import { afterEach, expect, it } from 'vitest';
import { type FakeOptions, FakeServer, type Peer, type Script } from './fake-server.ts';

const servers: FakeServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

function serverOf(script: Script = {}, options: FakeOptions = {}) {
  const MLSD = async (peer: Peer) => {
    peer.reply('150 here');
    const data = await peer.data();
    await data.write(Buffer.from('type=file;size=1; a\r\n'));
    await data.end();
    peer.reply('226 done');
  };
  const server = new FakeServer({ PWD: '257 "/home/me"', MLSD, DELE: '250 ok', ...script }, { opening: 'www', ...options });
  servers.push(server);
  return server;
}

it('the first folder is entered and its port asked for with the sign-in; its listing takes no more than connecting', async () => {
  const server = serverOf();
  const client = await server.connect();
  expect(server.segments).toEqual([['USER me'], ['PASS hunter22', 'FEAT', 'PWD', 'CWD www', 'EPSV', 'TYPE I']]);
  expect((await client.list('www')).map(({ name }) => name)).toEqual(['a']);
  expect(server.segments.slice(2)).toEqual([['OPTS UTF8 ON', 'MLSD']]);
});

it('somebody else’s first command means the caller’s folder all the same', async () => {
  const server = serverOf();
  const client = await server.connect();
  server.segments.length = 0;
  await client.remove('x');
  await client.list('www');
  void client.soon.remove('y');
  await client.flush();
  const commands = server.segments.flat().filter(line => /^(CWD|DELE)/.test(line));
  expect(commands).toEqual(['CWD /home/me', 'DELE x', 'CWD www', 'DELE /home/me/y']);
});

it('a folder that is not there is told when it is listed', async () => {
  const server = serverOf({ CWD: '550 no' });
  const client = await server.connect();
  await expect(client.list('www')).rejects.toMatchObject({ code: 'path-missing' });
  await client.noop();
});

it('a refused password is told as ever, though more was sent with it', async () => {
  const no = '530 log in first';
  const server = serverOf({ PASS: no, FEAT: no, PWD: no, CWD: no, EPSV: no, TYPE: no });
  await expect(server.connect()).rejects.toMatchObject({ code: 'sign-in-refused' });
});

it('a port that cannot be reached costs the session; the next one tries PASV before anything depends on it', async () => {
  const server = serverOf({ EPSV: '229 ok (|||9|)', MLSD: '425 no' }, { endpoint: { timeoutMs: 2_000 } });
  const client = await server.connect();
  await expect(client.list('www')).rejects.toMatchObject({ code: 'data-connect-failed', retry: 'reconnect' });
  server.segments.length = 0;
  const again = await server.connectAgain();
  expect(server.segments).toEqual([['USER me', 'PASS hunter22', 'FEAT', 'TYPE I']]);
  await expect(again.list('www')).rejects.toThrow();
  expect(server.seen.at(-1)).toBe('PASV');
});

it.each([
  ['EPSV is unknown', { EPSV: '500 what' }, {}],
  ['the name has other letters, whose encoding is not agreed upon yet', {}, { opening: 'größe' }],
  ['the server bears one command at a time', {}, { greeting: '220 Microsoft FTP Service' }],
  ['connections come from the server', {}, { endpoint: { passive: false } }],
] as readonly (readonly [
  string,
  Script,
  FakeOptions,
])[])('where %s, it lists in the ordinary way', async (_, script, options) => {
  const server = serverOf({ PORT: '200 ok', EPRT: '200 ok', MLSD: '550 no', LIST: '550 no', ...script }, options);
  const client = await server.connect();
  expect(server.segments.flat().some(line => line === 'MLSD')).toBe(false);
  await expect(client.list(options.opening ?? 'www')).rejects.toThrow();
  expect(server.seen.filter(line => line.startsWith('CWD'))).toHaveLength(1);
});

it('other sessions know where relative paths begin, and need not ask', async () => {
  const server = serverOf({}, { opening: 'www' });
  await server.connect();
  const other = await server.connectAgain();
  server.segments.length = 0;
  expect(other.absolute('www/a')).toBe('/home/me/www/a');
  expect(other.absolute('../a')).toBeUndefined();
});

it('a folder that was changed to is nobody else’s home', async () => {
  const server = serverOf({}, { endpoint: {} });
  const client = await server.connect();
  await client.changeFolder('/elsewhere');
  await client.currentFolder();
  await client.list('www').catch(() => undefined);
  expect((await server.connectAgain()).absolute('a')).toBe('/home/me/a');
});

it('QUIT is sent and not waited for, unless something left with it', async () => {
  const server = serverOf({ QUIT: () => undefined });
  const client = await server.connect();
  await client.quit();
  expect(client.usable).toBe(false);
  const other = await server.connectAgain();
  const removed = other.soon.remove('/x');
  await other.quit();
  await removed;
  expect(server.segments.at(-1)).toEqual(['OPTS UTF8 ON', 'DELE /x', 'QUIT']);
});

it('a listing that is rubbish, and there before the replies to what left with it, is called that, and the session lives', async () => {
  let late: Peer | undefined;
  const server = serverOf({
    OPTS: peer => {
      late = peer;
    },
    MLSD: async peer => {
      const data = await peer.data();
      await data.write(Buffer.from('rubbish\r\n'));
      await data.read().catch(() => undefined);
      late?.reply('200 at last', '150 here', '426 cut');
    },
    ABOR: '226 nothing to abort',
  });
  const client = await server.connect();
  await expect(client.list('www')).rejects.toMatchObject({ code: 'listing-unreadable' });
  await client.noop();
});
