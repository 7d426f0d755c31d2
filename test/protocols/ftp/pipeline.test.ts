// Several commands in one segment: what leaves together, what never may, and how a server that cannot bear it is treated.
import { afterEach, describe, expect, it } from 'vitest';
import { nextTurn } from '../../../src/core/clock.ts';
import { MisuseError } from '../../../src/core/errors.ts';
import { COMMANDS_WAITING_MAX } from '../../../src/protocols/ftp/limits.ts';
import { FtpSession } from '../../../src/protocols/ftp/session.ts';
import { encodeCommand } from '../../../src/protocols/wire/command.ts';
import { type FakeOptions, FakeServer, type Peer, type Script } from './fake-server.ts';

const servers: FakeServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function connect(script: Script = {}, options: FakeOptions = {}) {
  const server = new FakeServer(
    { STOR: takes, SIZE: '213 5', DELE: '250 ok', MKD: '257 ok', RNFR: '350 ok', RNTO: '250 ok', ...script },
    options,
  );
  servers.push(server);
  return { server, client: await server.connect() };
}

async function takes(peer: Peer): Promise<void> {
  peer.reply('150 go');
  const data = await peer.data();
  while ((await data.read()) !== undefined);
  peer.reply('226 done');
}

async function* five(): AsyncGenerator<Buffer> {
  yield Buffer.from('hello');
}

describe('FtpSession', () => {
  const ready = () => {
    const session = new FtpSession();
    session.receive(Buffer.from('220 hi\r\n'));
    return session;
  };

  it('matches the replies of commands in flight in their order, a transfer last', () => {
    const session = ready();
    session.send('send', encodeCommand('SIZE a'));
    session.send('send', encodeCommand('EPSV'));
    session.send('transfer', encodeCommand('STOR b'));
    expect(() => session.send('send', encodeCommand('NOOP'))).toThrow(/about to transfer/);
    expect(() => session.send('abort', encodeCommand('ABOR'))).toThrow(MisuseError);
    expect(session.receive(Buffer.from('213 5\r\n')).length).toBe(1);
    expect(session.state).toBe('replying');
    session.receive(Buffer.from('229 ok (|||1|)\r\n150 go\r\n'));
    expect(session.state).toBe('transferring');
    expect(() => session.send('send', encodeCommand('NOOP'))).toThrow(MisuseError);
    session.receive(Buffer.from('226 done\r\n'));
    expect(session.state).toBe('ready');
    expect(session.receive(Buffer.from('200 more\r\n')).at(-1)?.kind).toBe('broken');
  });

  it('bounds the commands in flight', () => {
    const session = ready();
    for (let n = 0; n < COMMANDS_WAITING_MAX; n++) session.send('send', encodeCommand('NOOP'));
    expect(() => session.send('send', encodeCommand('NOOP'))).toThrow(MisuseError);
  });
});

describe('folding', () => {
  it('sends EPSV and the command together once EPSV is proven, with what waited before them', async () => {
    const { server, client } = await connect();
    await client.upload('/a', five());
    const size = client.soon.size('/a');
    const renamed = client.soon.rename('/a', '/b');
    server.seen.length = 0;
    server.segments.length = 0;
    await client.upload('/c', five());
    expect(server.segments).toEqual([['SIZE /a', 'RNFR /a', 'RNTO /b', 'EPSV', 'STOR /c']]);
    await expect(size).resolves.toBe(5);
    await renamed;
  });

  it('REST is never folded: a refused REST must not let STOR begin at 0', async () => {
    const { server, client } = await connect({ REST: '501 no' });
    await client.upload('/a', five());
    server.segments.length = 0;
    await expect(client.upload('/a', five(), { offset: 3 })).rejects.toMatchObject({ code: 'argument-refused' });
    expect(server.segments).toEqual([['EPSV'], ['REST 3']]);
  });

  it('what waits does not come between RNFR and RNTO, nor between REST and its transfer', async () => {
    let waiting: (() => Promise<void>) | undefined;
    const then = (reply: string) => (peer: Peer) => {
      const renamed = waiting?.();
      renamed?.catch(() => undefined);
      peer.reply(reply);
    };
    const { server, client } = await connect({ RNFR: then('350 ok'), REST: then('350 ok') });
    await client.upload('/a', five());
    waiting = () => client.soon.rename('/x', '/y');
    server.seen.length = 0;
    await client.rename('/a', '/b');
    expect(server.seen).toEqual(['RNFR /a', 'RNTO /b']);
    waiting = undefined;
    await client.flush();
    waiting = () => client.soon.rename('/x', '/y');
    server.seen.length = 0;
    await client.upload('/c', five(), { offset: 3 });
    expect(server.seen).toEqual(['EPSV', 'REST 3', 'STOR /c']);
    waiting = undefined;
    await client.flush();
    expect(server.seen.slice(-2)).toEqual(['RNFR /x', 'RNTO /y']);
  });

  it('nothing is sent while a transfer runs: what comes to mind then waits', async () => {
    let during: readonly string[] = [];
    const { server, client } = await connect();
    await client.upload('/a', five());
    const source = async function* () {
      void client.soon.remove('/x').catch(() => undefined);
      yield Buffer.from('hello');
      during = [...server.seen];
    };
    await client.upload('/b', source());
    expect(during).not.toContain('DELE /x');
    await client.flush();
    expect(server.seen.at(-1)).toBe('DELE /x');
  });

  it('a refused command lives on, whether its data port still answers or not', async () => {
    const { server, client } = await connect({ RETR: '550 no' });
    await client.upload('/a', five());
    for (let n = 0; n < 3; n++) {
      await expect(drain(client.download('/gone'))).rejects.toMatchObject({ code: 'path-refused' });
      await client.noop();
    }
    await server.refuseData();
    await expect(drain(client.download('/gone'))).rejects.toMatchObject({ code: 'path-refused' });
    await client.noop();
  });

  it('a data port that does not answer ends the session, whose STOR would wait for ever', async () => {
    const { server, client } = await connect({ RETR: () => undefined }, { endpoint: { timeoutMs: 300 } });
    await client.upload('/a', five());
    await server.refuseData();
    await expect(drain(client.download('/b'))).rejects.toMatchObject({ code: 'data-connect-failed', retry: 'reconnect' });
    expect(client.usable).toBe(false);
  });
});

describe('transfers far away', () => {
  /** As vsftpd does: what comes while a transfer runs is answered after it. */
  const queueing = (): Script => {
    let transfer: Promise<void> | undefined;
    const during = (work: (peer: Peer) => Promise<void>) => async (peer: Peer) => {
      transfer = work(peer);
      await transfer;
      transfer = undefined;
      peer.reply('226 done');
    };
    return {
      RETR: during(async peer => {
        peer.reply('150 go');
        const data = await peer.data();
        await data.write(Buffer.from('hello'));
        await data.end();
        await data.read();
      }),
      STOR: during(async peer => {
        peer.reply('150 go');
        const data = await peer.data();
        while ((await data.read()) !== undefined);
        if (peer.seen[0] === 'UPLOADS') await seen(peer, 'EPSV');
      }),
      EPSV(peer) {
        const answer = () => {
          servers.at(-1)?.expectData();
          peer.reply(`229 ok (|||${servers.at(-1)?.dataPort}|)`);
        };
        if (transfer === undefined) answer();
        else void transfer.then(nextTurn).then(answer);
      },
    };
  };
  const seen = async (peer: Peer, line: string) => {
    while (peer.seen.at(-1) !== line) await nextTurn();
  };
  const FAR = { greeting: '220 (vsFTPd 3.0.5)', distanceMs: 50 };
  const three = async (options: FakeOptions, script: Script = {}) => {
    const { server, client } = await connect({ ...queueing(), ...script }, options);
    await drain(client.download('/a'));
    server.segments.length = 0;
    await drain(client.download('/b'));
    await drain(client.download('/c'));
    return { server, client };
  };

  it('the next port is asked for once the data has ended, from servers that read no command before 226', async () => {
    const { server, client } = await three(FAR);
    expect(server.segments).toEqual([['RETR /b'], ['EPSV'], ['RETR /c'], ['EPSV']]);
    await client.upload('/d', five());
    expect(server.segments[4]).toEqual(['STOR /d']);
  });

  it.each([
    ['others', { ...FAR, greeting: '220 hello' }],
    ['servers that are near', { ...FAR, distanceMs: 1 }],
    ['servers that are near and only took their time to greet', { ...FAR, distanceMs: 1, connectMs: 50 }],
    ['servers that bear one command at a time', { ...FAR, greeting: '220 vsFTPd, or Microsoft FTP Service' }],
  ])('%s are asked with the next command', async (_, options) => {
    const { server } = await three(options);
    expect(server.segments.flat()).toEqual(['EPSV', 'RETR /b', 'EPSV', 'RETR /c']);
  });

  it('vsftpd, which reads nothing while a transfer runs, is asked behind an upload, too', async () => {
    const { server, client } = await three(FAR);
    server.seen.splice(0, server.seen.length, 'UPLOADS');
    await client.upload('/d', five());
    server.segments.length = 0;
    void client.soon.rename('/d', '/e');
    await client.upload('/f', five());
    expect(server.segments).toEqual([['RNFR /d', 'RNTO /e', 'STOR /f'], ['EPSV']]);
  });

  it('ProFTPD, which refuses what comes while an upload runs, is not', async () => {
    const { server, client } = await three({ ...FAR, greeting: '220 ProFTPD' });
    await client.upload('/d', five());
    server.segments.length = 0;
    await client.upload('/f', five());
    expect(server.segments).toEqual([['EPSV', 'STOR /f']]);
  });

  it('a server that does not bear it after all is asked with the next command from then on', async () => {
    const early = (peer: Peer) =>
      peer.seen.at(-2)?.startsWith('RETR') === true && peer.seen.filter(line => line === 'EPSV').length === 2;
    const EPSV = (peer: Peer) => {
      if (early(peer)) return peer.reply('450 EPSV: data transfer in progress');
      servers.at(-1)?.expectData();
      peer.reply(`229 ok (|||${servers.at(-1)?.dataPort}|)`);
    };
    const { server, client } = await three(FAR, { EPSV });
    expect(server.segments).toEqual([
      ['EPSV', 'RETR /b'],
      ['EPSV', 'RETR /c'],
    ]);
    expect(client.pipelines).toBe(true);
  });

  it('what is asked then means what it says', async () => {
    const { server, client } = await three(FAR);
    expect(await client.size('/c')).toBe(5);
    expect(server.seen.slice(-2)).toEqual(['EPSV', 'SIZE /c']);
    await client.quit();
    expect(client.usable).toBe(false);
  });
});

describe('a server that has no data port for a moment', () => {
  const busy = (times: number): Script => {
    let left = times;
    let without = false;
    return {
      EPSV(peer) {
        without = left-- > 0 && peer.seen.filter(isStor).length > 0;
        if (without) return peer.reply('425 EPSV: Address already in use');
        servers.at(-1)?.expectData();
        peer.reply(`229 ok (|||${servers.at(-1)?.dataPort}|)`);
      },
      STOR: peer => (without ? peer.reply('425 no connection') : takes(peer)),
    };
  };

  it('is asked again, with the command, and is trusted as before', async () => {
    const { server, client } = await connect(busy(4));
    await client.upload('/a', five());
    server.segments.length = 0;
    await client.upload('/b', five());
    expect(server.segments).toEqual(Array(4).fill(['EPSV', 'STOR /b']));
    expect([client.usable, client.pipelines]).toEqual([true, true]);
  });

  it('and has none for good refuses that transfer; the session lives', async () => {
    const { client } = await connect(busy(99));
    await client.upload('/a', five());
    await expect(client.upload('/b', five())).rejects.toMatchObject({ retry: 'reconnect' });
    await client.noop();
    expect(client.pipelines).toBe(true);
  });
});

describe('names that cannot be encoded', () => {
  it('do not keep a question waiting for ever', async () => {
    const { client } = await connect({}, { endpoint: { encoding: 'windows-1252' } });
    await expect(client.list('/文')).rejects.toMatchObject({ code: 'name-unencodable' });
    await expect(client.soon.remove('/文')).rejects.toMatchObject({ code: 'name-unencodable' });
    await client.noop();
  });
});

describe('servers that cannot', () => {
  it.each([
    '220 Microsoft FTP Service',
    '220 MadGoat',
    '220 MikroTik FTP server',
  ])('%s: one command at a time', async greeting => {
    const { server, client } = await connect({}, { greeting });
    for (const path of ['/a', '/b']) {
      await client.upload(path, five());
      void client.soon.rename(path, `${path}2`);
    }
    await client.flush();
    expect(server.segments.filter(segment => segment.length > 1)).toEqual([]);
    expect(server.seen.filter(line => line === 'RNTO /b2')).toHaveLength(1);
  });

  it('a lost RNTO is not taken for done because the next command was answered', async () => {
    const { client } = await connect({ RNTO: () => undefined }, { endpoint: { timeoutMs: 300 } });
    await client.upload('/a', five());
    const renamed = client.soon.rename('/a', '/b');
    await Promise.all([expect(renamed).rejects.toThrow(), expect(client.upload('/c', five())).rejects.toThrow()]);
    expect([client.usable, client.pipelines]).toEqual([false, false]);
  });

  it('one by one, RNTO is not sent after a refused RNFR', async () => {
    const { server, client } = await connect({ RNFR: '550 no' }, { greeting: '220 Microsoft FTP Service' });
    const renamed = client.soon.rename('/a', '/b');
    await Promise.all([expect(renamed).rejects.toMatchObject({ code: 'path-refused' }), client.flush()]);
    expect(server.seen).not.toContain('RNTO /b');
  });

  it('one that goes silent when told much at once during sign-in is connected to again', async () => {
    const seen: string[] = [];
    const { server, client } = await connect(
      {
        USER(peer) {
          seen.push('USER');
          peer.reply('331 password');
        },
        FEAT: peer => (seen.length > 1 ? peer.reply('211-F\r\n SIZE\r\n211 End') : undefined),
      },
      { endpoint: { timeoutMs: 300 } },
    );
    expect(client.features.size).toBe(true);
    expect(server.segments.slice(-2)).toEqual([['FEAT'], ['TYPE I']]);
    expect(client.pipelines).toBe(false);
  });

  it.each([
    ['answers the quickest first', (peer: Peer): void => peer.reply('502 no FEAT', '230 in', '200 ok')],
    ['takes all that comes together for the password', (peer: Peer): void => peer.reply('530 wrong')],
  ] as const)('one that %s is signed in to again, one by one', async (_, mixUp) => {
    let sessions = 0;
    const only = (answer: string) => (peer: Peer) => (sessions > 1 ? peer.reply(answer) : undefined);
    const { server, client } = await connect(
      {
        USER(peer) {
          sessions += 1;
          peer.reply('331 password');
        },
        PASS: peer => (sessions > 1 ? peer.reply('230 in') : mixUp(peer)),
        FEAT: only('502 unknown'),
        TYPE: only('200 ok'),
      },
      { endpoint: { timeoutMs: 300 } },
    );
    expect(server.segments.slice(-3)).toEqual([['PASS hunter22'], ['FEAT'], ['TYPE I']]);
    expect([sessions, client.usable, client.pipelines]).toEqual([2, true, false]);
  });

  it('a password that such a server refuses, said alone, is wrong', async () => {
    const silent = () => undefined;
    const tried = connect({ PASS: '530 wrong', FEAT: silent, TYPE: silent }, { endpoint: { timeoutMs: 300 } });
    await expect(tried).rejects.toMatchObject({ code: 'sign-in-refused' });
  });

  it.each([
    ['loses what follows EPSV', () => undefined, 'timed-out'],
    ['cuts the connection', (peer: Peer) => peer.cut(), 'connection-cut'],
    ['knows no STOR then', (peer: Peer) => peer.reply('503 what'), 'server-refused'],
    ['looks for data when STOR comes', (peer: Peer) => peer.reply('426 none there'), 'transfer-cut'],
  ] as const)('one that %s is asked one by one from the next session on', async (_, second, code) => {
    const STOR = (peer: Peer) => (peer.seen.filter(isStor).length > 1 ? second(peer) : takes(peer));
    const { server, client } = await connect({ STOR }, { endpoint: { timeoutMs: 400 } });
    await client.upload('/a', five());
    await expect(client.upload('/b', five())).rejects.toMatchObject({ code });
    client.close();
    const again = await server.connectAgain();
    await again.noop();
    server.segments.length = 0;
    for (let n = 0; n < 2; n++) await again.size('/a');
    void again.soon.size('/a');
    await again.noop();
    expect(server.segments).toEqual([['SIZE /a'], ['SIZE /a'], ['SIZE /a'], ['NOOP']]);
  });
});

function isStor(line: string): boolean {
  return line.startsWith('STOR');
}

async function drain(chunks: AsyncIterable<Buffer>): Promise<void> {
  for await (const _ of chunks);
}

describe('signing in again', () => {
  const again = async (script: Script) => {
    const { server, client } = await connect(script);
    server.segments.length = 0;
    return { server, client };
  };

  it('sends name, password and settings in one segment, the password masked', async () => {
    const { server } = await again({});
    const second = await server.connectAgain();
    expect(server.segments).toEqual([['USER me', 'PASS hunter22', 'FEAT', 'TYPE I']]);
    expect(server.transcript.join()).not.toContain('hunter22');
    await second.noop();
  });

  it.each([
    ['a refused password', 'PASS', '530 no', 'sign-in-refused'],
    ['a refused name', 'USER', '530 no', 'sign-in-refused'],
    ['too many', 'PASS', '530 too many users', 'too-many-connections'],
    ['an account', 'PASS', '332 account', 'account-required'],
    ['421', 'USER', '421 too many connections', 'too-many-connections'],
  ])('%s means the same as ever', async (_, verb, answer, code) => {
    let sessions = 0;
    const ok = verb === 'USER' ? '331 password' : '230 in';
    const { server } = await again({
      [verb]: peer => {
        sessions += 1;
        peer.reply(sessions === 1 ? ok : answer);
        if (sessions > 1) peer.cut();
      },
    });
    await expect(server.connectAgain()).rejects.toMatchObject({ code });
  });

  it('a server that asked for no password is never told one unasked', async () => {
    const { server } = await again({ USER: '230 in' });
    await server.connectAgain();
    expect(server.seen.some(line => line.startsWith('PASS'))).toBe(false);
  });
});
