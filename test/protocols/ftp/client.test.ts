import { afterEach, describe, expect, it } from 'vitest';
import { nextTurn } from '../../../src/core/clock.ts';
import { CancelledError, MisuseError } from '../../../src/core/errors.ts';
import type { FtpClient } from '../../../src/protocols/ftp/index.ts';
import { PURE_FTPD_ENTRIES, WHOLE_BYTES_MAX } from '../../../src/protocols/ftp/limits.ts';
import { COMMAND_BYTES_MAX } from '../../../src/protocols/wire/limits.ts';
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

async function whole(chunks: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString();
}

async function* pieces(...texts: readonly string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

/** Reads an upload to its end. */
async function drain(peer: Peer): Promise<string> {
  const data = await peer.data();
  const parts: Buffer[] = [];
  for (let chunk = await data.read(); chunk !== undefined; chunk = await data.read()) parts.push(chunk);
  return Buffer.concat(parts).toString();
}

/** Sends `text` as a whole download, with `before` and `after` around it. */
const sends =
  (text: string, before: readonly string[] = ['150 go'], after: readonly string[] = ['226 done']) =>
  async (peer: Peer) => {
    if (before.length > 0) peer.reply(...before);
    const data = await peer.data();
    await data.write(Buffer.from(text));
    await data.end();
    if (after.length > 0) peer.reply(...after);
  };

describe('signing in', () => {
  it('asks for everything once and shows no password', async () => {
    const { server, client } = await connect({}, { trickle: true, greeting: '120 soon\r\n220-a\r\n220 b' });
    await client.noop();
    expect(server.segments).toEqual([['USER me'], ['PASS hunter22', 'FEAT', 'TYPE I'], ['OPTS UTF8 ON', 'NOOP']]);
    expect(server.transcript.join('\n')).not.toContain('hunter22');
    expect(client.features).toMatchObject({ mlst: true, utf8: true });
    await client.quit();
    expect(client.usable).toBe(false);
  });

  it.each([
    [{ PASS: '530 no' }, {}, 'sign-in-refused', 'never'],
    [{ PASS: '530 Too many connections' }, {}, 'too-many-connections', 'later'],
    [{ USER: '421 full' }, {}, 'too-many-connections', 'later'],
    [{ PASS: '530 Non-anonymous sessions must use encryption.' }, {}, 'tls-required', 'never'],
    [{ USER: '550 SSL/TLS required on the control channel' }, {}, 'tls-required', 'never'],
    [{ USER: '503 Use AUTH first.' }, {}, 'tls-required', 'never'],
    [{ PASS: '421-Sorry, cleartext sessions are not accepted.\r\n421 Use TLS.' }, {}, 'tls-required', 'never'],
    [{ USER: '332 account' }, {}, 'account-required', 'never'],
    [{}, { greeting: '421 busy' }, 'too-many-connections', 'later'],
    [{ AUTH: '500 what' }, { endpoint: { tls: 'explicit' } }, 'tls-refused', 'never'],
    [{ AUTH: '234 go\r\n230 injected' }, { endpoint: { tls: 'explicit' } }, 'protocol-broken', 'reconnect'],
    [{}, { greeting: 'SSH-2.0-x' }, 'wrong-server', 'never'],
  ] as const)('%j %j: %s', async (script, options, code, retry) => {
    await expect(connect(script, options)).rejects.toMatchObject({ code, retry });
    expect(servers.at(-1)?.seen.filter(line => line.startsWith('PASS') && 'AUTH' in script)).toEqual([]);
  });

  it('a password with a line end is refused here', async () => {
    const { Secret } = await import('../../../src/core/secret.ts');
    const password = new Secret('x\r\nDELE a');
    await expect(connect({}, { endpoint: { password } })).rejects.toMatchObject({ code: 'secret-unusable' });
  });
});

it('a path too long for a command is one file’s problem, not the session’s', async () => {
  const { client } = await connect({ DELE: '250 ok' });
  await expect(client.remove(`/${'x'.repeat(COMMAND_BYTES_MAX)}`)).rejects.toMatchObject({
    code: 'name-too-long',
    retry: 'never',
  });
  await client.remove('/a');
});

describe('download', () => {
  it.each([
    ['150, data, 226', sends('hello')],
    ['125 instead of 150', sends('hello', ['125 go'])],
    ['no 150 at all', sends('hello', [])],
    ['226 before the end of the data', sends('hello', ['150 go', '226 done'], [])],
    ['250 instead of 226', sends('hello', ['150 go'], ['250 done'])],
  ])('%s', async (_, RETR) => {
    for (const trickle of [false, true]) {
      const { server, client } = await connect({ RETR }, { trickle });
      expect(await whole(client.download('/a'))).toBe('hello');
      await client.noop();
      expect(server.seen).not.toContain('ABOR');
    }
  });

  it.each([
    ['no 226 but 426', sends('hel', ['150 go'], ['426 cut']), 'transfer-cut', 'reconnect', true],
    ['451 after the data', sends('hel', ['150 go'], ['451 disk']), 'server-busy', 'later', true],
    ['421 in the middle', sends('hel', ['150 go', '421 bye'], []), 'server-closing', 'reconnect', false],
    ['fewer bytes than announced', sends('hel', ['150 go (5 bytes)']), 'download-short', 'reconnect', true],
    ['refused, data left open', (peer: Peer) => peer.reply('550 no'), 'path-refused', 'never', true],
  ])('%s', async (_, RETR, code, retry, usable) => {
    const { client } = await connect({ RETR });
    await expect(whole(client.download('/a'))).rejects.toMatchObject({ code, retry });
    expect(client.usable).toBe(usable);
    if (usable) await client.noop();
  });

  it('a refusal with a reset data connection leaves the session alive', async () => {
    const RETR = async (peer: Peer) => {
      (await peer.data()).close();
      peer.reply('550 no');
    };
    const { client } = await connect({ RETR });
    await expect(whole(client.download('/a'))).rejects.toMatchObject({ code: 'path-refused' });
    await client.noop();
  });

  it('the control connection cut in the middle ends it', async () => {
    const RETR = async (peer: Peer) => {
      peer.reply('150 go');
      await (await peer.data()).write(Buffer.from('hel'));
      peer.cut();
    };
    const { client } = await connect({ RETR });
    await expect(whole(client.download('/a'))).rejects.toMatchObject({ retry: 'reconnect' });
    expect(client.usable).toBe(false);
    await expect(client.noop()).rejects.toMatchObject({ code: 'connection-cut' });
  });

  it('leaving early sends ABOR, and the session goes on', async () => {
    const RETR = async (peer: Peer) => {
      peer.reply('150 go');
      await (await peer.data()).write(Buffer.alloc(100_000));
    };
    const { server, client } = await connect({ RETR, ABOR: '426 cut\r\n225 ok' });
    for await (const _ of client.download('/a')) break;
    expect(server.seen.slice(-2)).toEqual(['ABOR', 'NOOP']);
    await client.noop();
  });

  it('leaving early with too many replies closes the session', async () => {
    const RETR = async (peer: Peer) => {
      peer.reply('150 go');
      await (await peer.data()).write(Buffer.alloc(100_000));
    };
    const { client } = await connect({ RETR, ABOR: '426 cut\r\n225 ok\r\n426 again' });
    for await (const _ of client.download('/a')) break;
    expect(client.usable).toBe(false);
  });

  it('starts at an offset, and says REST 0 before the next', async () => {
    const { server, client } = await connect({ RETR: sends('lo') });
    expect(await whole(client.download('/a', { offset: 3 }))).toBe('lo');
    await whole(client.download('/a'));
    expect(server.seen.filter(line => line.startsWith('REST'))).toEqual(['REST 3', 'REST 0']);
  });

  it('an abort ends it at once', async () => {
    const controller = new AbortController();
    const RETR = async (peer: Peer) => {
      peer.reply('150 go');
      await (await peer.data()).write(Buffer.from('x'));
    };
    const { client } = await connect({ RETR }, { signal: controller.signal });
    const reading = (async () => {
      for await (const _ of client.download('/a')) controller.abort();
    })();
    await expect(reading).rejects.toBeInstanceOf(CancelledError);
    expect(client.usable).toBe(false);
  });
});

describe('receive', () => {
  const options = { fleetingBytes: 1_000 };

  it.each([
    ['into one buffer', {}, options],
    ['into buffers of their own', {}, {}],
    ['as text', {}, { ascii: true }],
    ['a reply a byte at a time', { trickle: true }, options],
  ])('%s: all of it, counted', async (_, server, how) => {
    const { client } = await connect({ RETR: sends('hello'.repeat(1_000)) }, server);
    const taken: Buffer[] = [];
    expect(await client.receive('/a', chunk => void taken.push(Buffer.from(chunk)), how)).toBe(5_000);
    expect(Buffer.concat(taken).toString()).toBe('hello'.repeat(1_000));
    await client.noop();
  });

  it('nothing is received while the taker makes it wait', async () => {
    const { client } = await connect({ RETR: sends('x'.repeat(10_000)) });
    let taking = false;
    const take = async (chunk: Buffer) => {
      expect(taking).toBe(false);
      taking = true;
      const before = chunk.toString();
      for (let turns = 0; turns < 3; turns++) await nextTurn();
      expect(chunk.toString()).toBe(before);
      taking = false;
    };
    expect(await client.receive('/a', take, options)).toBe(10_000);
  });

  it.each([
    ['at once', () => expect.unreachable('disk gone')],
    ['later', async () => expect.unreachable('disk gone')],
  ])('a taker that fails %s aborts it, and the session goes on', async (_, take) => {
    const RETR = async (peer: Peer) => {
      peer.reply('150 go');
      await (await peer.data()).write(Buffer.alloc(100_000));
    };
    const { server, client } = await connect({ RETR, ABOR: '426 cut\r\n225 ok' });
    await expect(client.receive('/a', take, options)).rejects.toThrow('disk gone');
    expect(server.seen).toContain('ABOR');
    await client.noop();
  });

  it.each([
    ['no 226 but 426', sends('hel', ['150 go'], ['426 cut']), 'transfer-cut'],
    ['fewer bytes than announced', sends('hel', ['150 go (5 bytes)']), 'download-short'],
    ['refused, data left open', (peer: Peer) => peer.reply('550 no'), 'path-refused'],
  ])('%s', async (_, RETR, code) => {
    const { client } = await connect({ RETR });
    await expect(client.receive('/a', () => undefined, options)).rejects.toMatchObject({ code });
    await client.noop();
  });

  it('an abort ends it at once', async () => {
    const controller = new AbortController();
    const RETR = async (peer: Peer) => {
      peer.reply('150 go');
      await (await peer.data()).write(Buffer.from('x'));
    };
    const { client } = await connect({ RETR }, { signal: controller.signal });
    await expect(client.receive('/a', () => controller.abort(), options)).rejects.toBeInstanceOf(CancelledError);
    expect(client.usable).toBe(false);
  });
});

describe('upload', () => {
  it.each([0, 1, WHOLE_BYTES_MAX, WHOLE_BYTES_MAX + 1])('sends %d bytes given as they are', async bytes => {
    let got = '';
    const STOR = async (peer: Peer) => {
      peer.reply('150 go');
      got = await drain(peer);
      peer.reply('226 done');
    };
    const { client } = await connect({ STOR });
    for (let n = 0; n < 2; n++) {
      expect(await client.upload('/a', Buffer.alloc(bytes, 'x'))).toBe(bytes);
      expect(got).toBe('x'.repeat(bytes));
    }
    const text = await connect({ STOR });
    await text.client.upload('/a', Buffer.from('a\nb'), { ascii: true });
    expect(got).toBe('a\r\nb');
  });

  it.each([
    ['552 full', (peer: Peer) => peer.reply('552 full'), 'server-full'],
    ['426 after all came', async (peer: Peer) => void (await drain(peer).then(() => peer.reply('426 cut'))), 'transfer-cut'],
    ['a reset', (peer: Peer) => void peer.data().then(data => [data.reset(), peer.reply('451 disk')]), 'server-busy'],
    ['the end of the session', (peer: Peer) => peer.cut(), 'connection-cut'],
  ])('bytes given as they are, answered with %s', async (_, STOR, code) => {
    const { client } = await connect({ STOR });
    await expect(client.upload('/a', Buffer.alloc(100_000))).rejects.toMatchObject({ code });
  });

  it('an abort resets the data, which must not look whole', async () => {
    const controller = new AbortController();
    const end = Promise.withResolvers<string>();
    const STOR = async (peer: Peer) => {
      const data = await peer.data();
      await data.read();
      controller.abort();
      drain(peer).then(
        () => end.resolve('orderly end'),
        () => end.resolve('reset'),
      );
    };
    const { client } = await connect({ STOR }, { signal: controller.signal });
    const endless = async function* () {
      for (;;) yield Buffer.alloc(65_536);
    };
    await expect(client.upload('/a', endless())).rejects.toBeInstanceOf(CancelledError);
    expect(await end.promise).toBe('reset');
  });

  it('sends all and waits for the late yes', async () => {
    let got = '';
    const STOR = async (peer: Peer) => {
      peer.reply('150 go');
      got = await drain(peer);
      peer.reply('226 done');
    };
    const { client } = await connect({ STOR });
    expect(await client.upload('/a', pieces('hel', 'lo'))).toBe(5);
    expect(got).toBe('hello');
    expect(await client.upload('/empty', pieces())).toBe(0);
  });

  it.each([
    ['552 full', 'server-full', 'never'],
    ['452 full', 'server-full', 'later'],
    ['553 name', 'name-refused', 'never'],
    ['550 no', 'path-refused', 'never'],
    ['425 no data', 'data-not-opened', 'reconnect'],
  ])('refused with %s', async (STOR, code, retry) => {
    const { client } = await connect({ STOR });
    await expect(client.upload('/a', pieces('x'))).rejects.toMatchObject({ code, retry });
    await client.noop();
  });

  it('cut in the middle tells the server’s reason', async () => {
    const STOR = async (peer: Peer) => {
      peer.reply('150 go');
      const data = await peer.data();
      await data.read();
      data.close();
      peer.reply('452 full');
    };
    const { client } = await connect({ STOR });
    const endless = async function* () {
      for (;;) yield Buffer.alloc(65_536);
    };
    await expect(client.upload('/a', endless())).rejects.toMatchObject({ code: 'server-full', retry: 'later' });
    await client.noop();
  });

  it('a source that fails aborts: ABOR is sent and the data is reset, not ended', async () => {
    const end = Promise.withResolvers<string>();
    const STOR = async (peer: Peer) => {
      peer.reply('150 go');
      drain(peer).then(
        () => end.resolve('orderly end'),
        () => end.resolve('reset'),
      );
    };
    const { server, client } = await connect({ STOR, ABOR: '426 cut\r\n226 ok' });
    const source = async function* () {
      yield Buffer.from('half');
      throw new Error('disk gone');
    };
    await expect(client.upload('/a', source())).rejects.toThrow('disk gone');
    expect(await end.promise).toBe('reset');
    expect(server.seen).toContain('ABOR');
    await client.noop();
  });

  it('a yes before the end of the data is no yes', async () => {
    const STOR = async (peer: Peer) => {
      await peer.data();
      peer.reply('226 done');
    };
    const { client } = await connect({ STOR });
    const endless = async function* () {
      for (;;) yield Buffer.alloc(65_536);
    };
    await expect(client.upload('/a', endless())).rejects.toMatchObject({ code: 'transfer-cut' });
  });
});

describe('list', () => {
  it('enters the folder, lists, and keeps relative paths where they were', async () => {
    const { server, client } = await connect({ MLSD: sends('type=cdir; /a\r\ntype=file;size=1; x\r\n'), DELE: '250 ok' });
    expect(await client.list('/a')).toEqual([{ name: 'x', type: 'file', size: 1 }]);
    await client.remove('y');
    expect(server.seen.slice(5)).toEqual(['PWD', 'CWD /a', 'EPSV', 'MLSD', 'CWD /', 'DELE y']);
  });

  it('falls back from MLSD to LIST -a to LIST, and remembers', async () => {
    const LIST = (peer: Peer, argument: string) =>
      argument === '-a' ? sends('')(peer) : sends('-rw-r--r-- 1 a b 5 Mar 14 2020 x\r\n')(peer);
    const { server, client } = await connect({ MLSD: '500 what', LIST });
    expect((await client.list('/a')).map(entry => entry.name)).toEqual(['x']);
    await client.list('/a');
    expect(server.seen.filter(line => /^(MLSD|LIST)/.test(line))).toEqual(['MLSD', 'LIST -a', 'LIST', 'LIST']);
  });

  it.each([
    [{ CWD: '550 no' }, {}, 'path-missing'],
    [{ MLSD: sends('type=file; a\r\n', ['150 go'], ['226 Output truncated to 10000 matches']) }, {}, 'listing-truncated'],
    [{ MLSD: sends('type=file; a\r\n'.repeat(PURE_FTPD_ENTRIES)) }, { greeting: '220 Pure-FTPd' }, 'listing-truncated'],
    [{ MLSD: sends('', ['150 go'], ['226 Transfer done (but failed to open directory).']) }, {}, 'listing-refused'],
    [{ MLSD: sends('what is this\r\n') }, {}, 'listing-unreadable'],
  ] as const)('%#: %s %s %s', async (script, options, code) => {
    const { client } = await connect(script, options);
    await expect(client.list('/a')).rejects.toMatchObject({ code });
  });

  it('10 000 entries elsewhere are 10 000 entries', async () => {
    const { client } = await connect({ MLSD: sends('type=file; a\r\n'.repeat(PURE_FTPD_ENTRIES)) });
    expect(await client.list('/a')).toHaveLength(PURE_FTPD_ENTRIES);
  });
});

describe('data connections', () => {
  it.each([
    ['EPSV refused', '500 what', undefined, 'PASV'],
    ['EPSV answered with 227', undefined, (port: number) => `227 ok (9,9,9,9,${port >> 8},${port & 255})`, undefined],
    ['EPSV unreadable', '229 nothing', undefined, 'PASV'],
  ])('%s: the control connection’s address is used', async (_, refusal, epsv, then) => {
    const answer = (peer: Peer) => {
      server.expectData();
      const port = server.dataPort;
      peer.reply(epsv?.(port) ?? `227 Entering 10,255,255,1,${port >> 8},${port & 255}`);
    };
    const server = new FakeServer({ EPSV: refusal ?? answer, PASV: answer, RETR: sends('hello') });
    servers.push(server);
    const client = await server.connect();
    expect(await whole(client.download('/a'))).toBe('hello');
    expect(await whole(client.download('/a'))).toBe('hello');
    expect(server.seen.filter(line => line === 'PASV').length).toBe(then === undefined ? 0 : 2);
    expect(server.seen.filter(line => line === 'EPSV').length).toBe(then === undefined ? 2 : 1);
  });
});

describe('commands', () => {
  it.each(['a\r\nDELE b', 'a\nDELE b', 'a\rb', 'a\0b', ''])('no path argument carries %j to the server', async path => {
    const { server, client } = await connect();
    const before = server.seen.length;
    const calls = [
      () => client.list(path),
      () => whole(client.download(path)),
      () => client.upload(path, pieces('x')),
      () => client.append(path, pieces('x')),
      () => client.size(path),
      () => client.modified(path),
      () => client.setModified(path, 0),
      () => client.makeFolder(path),
      () => client.removeFolder(path),
      () => client.remove(path),
      () => client.rename(path, 'b'),
      () => client.rename('b', path),
      () => client.chmod(path, 0o644),
      () => client.changeFolder(path),
      () => client.command(path),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'name-unsendable' });
    await client.noop();
    expect(server.seen.slice(before).filter(line => line !== 'PWD' && !line.startsWith('OPTS'))).toEqual(['NOOP']);
  });

  it('never sends RNTO after a refused RNFR', async () => {
    const { server, client } = await connect({ RNFR: '550 no' });
    await expect(client.rename('/a', '/b')).rejects.toMatchObject({ code: 'path-refused' });
    expect(server.seen.at(-1)).toBe('RNFR /a');
  });

  it('sets a time the way of vsftpd and believes it only when it reads it back', async () => {
    let stored = '20200101000000';
    const MDTM = (peer: Peer, argument: string) => {
      const set = /^(\d{14}) /.exec(argument);
      if (set !== null) stored = set[1] ?? '';
      peer.reply(`213 ${stored}`);
    };
    const at = Date.UTC(2024, 1, 29, 12, 34, 56, 789);
    const { client } = await connect({ MDTM });
    expect(await client.setModified('/a', at)).toBe(true);
    const liar = await connect({ MDTM: '213 20200101000000' });
    expect(await liar.client.setModified('/a', at)).toBe(false);
  });

  const FEATURES = (...lines: string[]) => ['211-Features', ...lines.map(line => ` ${line}`), '211 End'].join('\r\n');
  const AT = Date.UTC(2024, 1, 29, 12, 34, 56);
  const told = (server: FakeServer) => server.seen.filter(line => /^(MFMT|MFF|SITE|MDTM)/.test(line));

  it.each([
    ['MFMT', FEATURES('MFMT', 'MFF modify;'), { MFMT: '213 Modify=20240229123456; /a' }, ['MFMT 20240229123456 /a']],
    ['MFF', FEATURES('MFF UNIX.mode;modify;'), { MFF: '213 Modify=20240229123456; /a' }, ['MFF Modify=20240229123456; /a']],
    [
      'MFMT of FAT, which keeps every second second',
      FEATURES('MFMT'),
      { MFMT: '213 Modify=20240229123458; /a' },
      ['MFMT 20240229123456 /a'],
    ],
    ['SITE UTIME', FEATURES(), { SITE: '200 ok', MDTM: '213 20240229123456' }, ['SITE UTIME 20240229123456 /a', 'MDTM /a']],
    [
      'SITE UTIME with three times',
      FEATURES(),
      {
        SITE: (peer: Peer, argument: string) => peer.reply(argument.endsWith(' UTC') ? '200 ok' : '501 what'),
        MDTM: '213 20240229123456',
      },
      ['SITE UTIME 20240229123456 /a', 'SITE UTIME /a 20240229123456 20240229123456 20240229123456 UTC', 'MDTM /a'],
    ],
  ] as const)('sets a time by %s', async (_, FEAT, script, lines) => {
    const { server, client } = await connect({ FEAT, ...script });
    expect(await client.setModified('/a', AT)).toBe(true);
    expect(told(server)).toEqual(lines);
    const before = told(server).length;
    expect(await client.setModified('/a', AT)).toBe(true);
    expect(told(server).slice(before)).toEqual(lines.slice(-2).filter(line => !/^SITE UTIME 2/.test(line) || lines.length < 3));
  });

  it('a server that keeps another time than it was told is not believed', async () => {
    const { client } = await connect({ FEAT: FEATURES('MFMT'), MFMT: '213 Modify=20240229143456; /a' });
    expect(await client.setModified('/a', AT)).toBe(false);
  });

  describe('a time that rides, set in a way that must be read back', () => {
    /** Keeps times with so many seconds' precision; `words` is what it says when it has. */
    const keeper = (words: (n: number) => string, precision = 1) => {
      let [stored, count] = ['', 0];
      return (peer: Peer, argument: string) => {
        const [, time] = /^(\d{14}) /.exec(argument) ?? [];
        if (time === undefined) return peer.reply(`213 ${stored}`);
        stored = String(Number(time) - (Number(time) % precision));
        peer.reply(words(count++));
      };
    };
    const set = async (client: FtpClient, seconds: number) => {
      const modifiedAt = Date.UTC(2024, 1, 29, 12, 0, seconds);
      const [{ timeKept: kept }] = await Promise.all([client.soon.equip('/a', { modifiedAt }), client.flush()]);
      return kept;
    };
    const asked = (server: FakeServer) => server.seen.filter(line => line === 'MDTM /a').length;

    it('is read back twice, then the same words are enough', async () => {
      const { server, client } = await connect({ MDTM: keeper(() => '213 set') });
      for (const seconds of [1, 3, 5, 6, 7]) expect(await set(client, seconds)).toBe(true);
      expect(asked(server)).toBe(2);
    });

    it('other words than before are no yes', async () => {
      const { server, client } = await connect({ MDTM: keeper(n => (n < 3 ? '213 set' : '213 did something')) });
      for (const seconds of [1, 3, 5]) expect(await set(client, seconds)).toBe(true);
      expect(await set(client, 7)).toBe(false);
      expect(asked(server)).toBe(2);
    });

    it('always, where the words are never the same, or the time is one that FAT keeps', async () => {
      const { server, client } = await connect({ MDTM: keeper(n => `213 set ${n}`) });
      for (const seconds of [1, 3, 5, 7]) expect(await set(client, seconds)).toBe(true);
      expect(asked(server)).toBe(4);
      const fat = await connect({ MDTM: keeper(() => '213 set', 2) });
      for (const seconds of [2, 4, 6, 8]) expect(await set(fat.client, seconds)).toBe(true);
      expect(await set(fat.client, 9)).toBe(false);
      expect(asked(fat.server)).toBe(5);
    });
  });

  it('one operation at a time', async () => {
    const { client } = await connect();
    const first = client.noop();
    await expect(client.noop()).rejects.toBeInstanceOf(MisuseError);
    await first;
    await client.noop();
  });
});
