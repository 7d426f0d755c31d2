import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { Secret } from '../../../src/core/secret.ts';
import { dial } from '../../../src/protocols/net/dial.ts';
import type { Endpoint } from '../../../src/protocols/net/endpoint.ts';
import { connectPop3, type Pop3Client } from '../../../src/protocols/pop3/index.ts';
import { DISCARD_BYTES_MAX } from '../../../src/protocols/pop3/limits.ts';
import { type FakeMessage, type FakeOptions, type FakePop3, lines, serve, stuffed } from './fake-server.ts';

const connect = (server: FakePop3, changes: Partial<Endpoint> = {}, pipelining?: boolean): Promise<Pop3Client> =>
  connectPop3(server.endpoint(changes), { dial, clock: systemClock, pipelining });

async function whole(chunks: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString('latin1');
}

const MESSAGES: readonly FakeMessage[] = [
  { uid: 'a', octets: Buffer.from('Subject: one\r\n\r\n.\r\n..\r\nFrom me\r\n') },
  { uid: 'b', octets: Buffer.from('Subject: two\r\n\r\nbare\nand\rreturn \xff\r\n', 'latin1') },
  { uid: 'c', octets: Buffer.alloc(0) },
];

describe('signing in', () => {
  it('uses AUTH PLAIN where it is offered, and asks for the capabilities again', async () => {
    const server = await serve();
    const client = await connect(server);
    expect(server.commands).toEqual(['CAPA', 'AUTH PLAIN AG1lAGdlaGVpbSE=', 'CAPA']);
    expect(client.capabilities.pipelining).toBe(true);
    await client.quit();
    expect(client.usable).toBe(false);
    await expect(client.noop()).rejects.toThrow('has ended');
  });

  it('uses the challenge form when the line would be too long', async () => {
    const password = 'p'.repeat(300);
    const server = await serve({ answer: line => (line.length > 300 ? '+OK long\r\n' : undefined) });
    const client = await connect(server, { password: new Secret(password) });
    expect(server.commands[1]).toBe('AUTH PLAIN');
    expect(Buffer.from(server.commands[2] ?? '', 'base64').toString()).toBe(`\0me\0${password}`);
    await client.quit();
  });

  it('cancels when the server asks for more than PLAIN has', async () => {
    const server = await serve({
      answer: line => (line.startsWith('AUTH') ? '+ bW9yZQ==\r\n' : line === '*' ? '-ERR\r\n' : undefined),
    });
    await expect(connect(server)).rejects.toMatchObject({ code: 'sign-in-refused' });
    expect(server.commands.at(-1)).toBe('*');
  });

  it('uses USER and PASS without SASL, also when CAPA is unknown', async () => {
    const server = await serve({ answer: line => (line === 'CAPA' ? '-ERR unknown\r\n' : undefined) });
    const client = await connect(server);
    expect(server.commands).toEqual(['CAPA', 'USER me', 'PASS geheim!', 'CAPA']);
    expect(client.capabilities.pipelining).toBe(false);
    await client.quit();
  });

  it('uses APOP in clear text when the banner has a timestamp', async () => {
    const banner = '+OK POP3 <1.2@example>';
    const digest = createHash('md5').update('<1.2@example>geheim!').digest('hex');
    const server = await serve({ banner, answer: line => (line === `APOP me ${digest}` ? '+OK\r\n' : undefined) });
    const client = await connect(server);
    expect(server.commands.join()).not.toContain('geheim!');
    expect(server.commands[1]).toBe(`APOP me ${digest}`);
    await client.quit();
  });

  it('gives the password where the digest is refused: Cyrus and GNU Mailutils greet with a timestamp although they keep none', async () => {
    const server = await serve({ banner: '+OK POP3 <1.2@example>', capabilities: ['UIDL'] });
    const client = await connect(server);
    expect(server.commands.slice(2)).toEqual(['USER me', 'PASS geheim!', 'CAPA']);
    await client.quit();
    const busy = await serve({
      banner: '+OK POP3 <1.2@example>',
      answer: line => (line.startsWith('APOP') ? '-ERR [IN-USE] locked\r\n' : undefined),
    });
    await expect(connect(busy)).rejects.toMatchObject({ code: 'mailbox-in-use' });
    expect(busy.commands).toHaveLength(2);
    const wrong = await serve({ banner: '+OK POP3 <1.2@example>', capabilities: [] });
    await expect(connect(wrong, { password: new Secret('no') })).rejects.toMatchObject({ code: 'sign-in-refused' });
  });

  it('tells of the refused digest when the server hangs up after it', async () => {
    const no = '-ERR no digest\r\n';
    const answer = (line: string) => (/^(APOP|USER)/.test(line) ? no : undefined);
    const stays = await serve({ banner: '+OK POP3 <1.2@example>', capabilities: [], answer });
    await expect(connect(stays)).rejects.toMatchObject({ code: 'sign-in-refused' });
    const hangsUp = await serve({ ...stays.options, cutAfter: () => stays.sent - no.length });
    await expect(connect(hangsUp)).rejects.toMatchObject({ code: 'sign-in-refused', refusal: { replyText: 'no digest' } });
  });

  it('asks a server that has UTF8 for the mails as they are, and takes no for an answer', async () => {
    for (const answer of ['+OK\r\n', '-ERR not now\r\n']) {
      const server = await serve({
        capabilities: ['UIDL', 'UTF8 USER'],
        answer: line => (line === 'UTF8' ? answer : undefined),
      });
      const client = await connect(server);
      expect(server.commands).toEqual(['CAPA', 'UTF8', 'USER me', 'PASS geheim!', 'CAPA']);
      await client.quit();
    }
  });

  const refusals = [
    ['-ERR [AUTH] wrong', 'sign-in-refused', 'never'],
    ['-ERR wrong', 'sign-in-refused', 'never'],
    ['-ERR [AUTH] Plaintext authentication disallowed on non-secure (SSL/TLS) connections.', 'tls-required', 'never'],
    ['-ERR [IN-USE] locked', 'mailbox-in-use', 'later'],
    ['-ERR [LOGIN-DELAY] too soon', 'login-delay', 'later'],
    ['-ERR [SYS/TEMP] try later', 'server-busy', 'later'],
    ['-ERR [SYS/PERM] no such box', 'server-refused', 'never'],
  ] as const;
  for (const [reply, code, retry] of refusals) {
    it(`tells ${reply} as ${code}, retry ${retry}`, async () => {
      const server = await serve({ answer: line => (line.startsWith('AUTH') ? `${reply}\r\n` : undefined) });
      await expect(connect(server)).rejects.toMatchObject({ name: 'RefusedError', code, retry });
      expect(server.commands.filter(line => /^(AUTH|USER|PASS)/.test(line))).toHaveLength(1);
    });
  }

  it('a refusal without a code may mean a mailbox in use (mpopd), and is not taken for certain', async () => {
    const server = await serve({
      capabilities: [],
      answer: line => (line.startsWith('PASS') ? '-ERR cannot access mailbox\r\n' : undefined),
    });
    await expect(connect(server)).rejects.toMatchObject({ retry: 'never', hint: expect.stringContaining('mailbox open') });
  });

  it('shows no secret in errors and transcript', async () => {
    const server = await serve({ answer: line => (line.startsWith('AUTH') ? '-ERR no\r\n' : undefined) });
    const said: string[] = [];
    const endpoint = server.endpoint();
    const failed = await connectPop3(endpoint, {
      dial,
      clock: systemClock,
      transcript: (from, line) => said.push(`${from} ${line}`),
    }).catch((error: Error) => error.message);
    expect(failed).toMatch(/refused AUTH PLAIN \*{4}: “no”/);
    expect(said).toEqual(['< +OK ready', '> CAPA', '< +OK', '> AUTH PLAIN ****', '< -ERR no']);
  });

  it('says what is missing before it sends anything secret', async () => {
    const server = await serve();
    const { password: _, ...open } = server.endpoint();
    await expect(connectPop3(open, { dial, clock: systemClock })).rejects.toMatchObject({ code: 'secret-missing' });
    await expect(connect(server, { password: new Secret('two\nlines') })).rejects.toMatchObject({ code: 'secret-invalid' });
    expect(server.commands.every(line => line === 'CAPA')).toBe(true);
  });

  it('a refused greeting and a server of another kind are told', async () => {
    await expect(connect(await serve({ banner: '-ERR [SYS/TEMP] full' }))).rejects.toMatchObject({
      code: 'server-busy',
      retry: 'later',
    });
    await expect(connect(await serve({ banner: '220 ftp' }))).rejects.toMatchObject({ code: 'wrong-server' });
    await expect(connect(await serve({ banner: 'hello' }))).rejects.toMatchObject({ code: 'protocol-broken' });
  });
});

describe('explicit TLS', () => {
  it('ends when the server refuses it, with nothing secret sent', async () => {
    const server = await serve({ answer: line => (line === 'STLS' ? '-ERR no TLS here\r\n' : undefined) });
    await expect(connect(server, { tls: 'explicit' })).rejects.toMatchObject({ code: 'tls-refused', retry: 'never' });
    expect(server.commands).toEqual(['CAPA', 'STLS']);
  });

  it('ends when plain bytes follow the +OK', async () => {
    const server = await serve({ answer: line => (line === 'STLS' ? '+OK go\r\n+OK injected\r\n' : undefined) });
    await expect(connect(server, { tls: 'explicit' })).rejects.toMatchObject({ code: 'plaintext-injected', retry: 'never' });
    expect(server.commands).toEqual(['CAPA', 'STLS']);
  });
});

describe('a session', () => {
  it('lists, in one go or in turn', async () => {
    for (const pipelining of [true, false]) {
      const server = await serve({ messages: MESSAGES });
      const client = await connect(server, {}, pipelining);
      const listing = await client.listing();
      expect(listing).toMatchObject({ count: 3, bytes: MESSAGES.reduce((sum, { octets }) => sum + octets.length, 0) });
      expect([...(listing.uids ?? [])]).toEqual([
        [1, 'a'],
        [2, 'b'],
        [3, 'c'],
      ]);
      expect(await client.stat()).toMatchObject({ count: 3 });
      expect((await client.list()).get(1)).toBe(MESSAGES[0]?.octets.length);
      expect((await client.uidl())?.get(3)).toBe('c');
      await client.noop();
      await client.reset();
      await client.quit();
    }
  });

  it('knows no ids where UIDL is refused', async () => {
    const client = await connect(await serve({ messages: MESSAGES, uidl: false }));
    expect((await client.listing()).uids).toBeUndefined();
    await client.quit();
  });

  it('ends when a pipelined listing is refused half way', async () => {
    const client = await connect(await serve({ answer: line => (line === 'LIST' ? '-ERR [SYS/TEMP] no\r\n' : undefined) }));
    await expect(client.listing()).rejects.toMatchObject({ code: 'server-busy' });
    expect(client.usable).toBe(false);
  });

  it('retrieves exact octets, one by one and many', async () => {
    for (const pipelining of [true, false]) {
      const client = await connect(await serve({ messages: MESSAGES }), {}, pipelining);
      expect(await whole(client.retrieve(2))).toBe(MESSAGES[1]?.octets.toString('latin1'));
      expect(await whole(client.top(1, 0))).toBe('Subject: one\r\n\r\n');
      const got: string[] = [];
      for await (const { number, body } of client.retrieveMany(
        [1, 3, 2].map(number => ({ number, size: 10 })),
        { commands: 2 },
      )) {
        got.push(`${number} ${body === undefined ? 'refused' : await whole(body)}`);
      }
      expect(got).toEqual([1, 3, 2].map(number => `${number} ${MESSAGES[number - 1]?.octets.toString('latin1')}`));
      await client.quit();
    }
  });

  it('goes on after a refused message and an unread one', async () => {
    const client = await connect(
      await serve({ messages: MESSAGES, answer: line => (line === 'RETR 2' ? '-ERR broken\r\n' : undefined) }),
    );
    const got: string[] = [];
    for await (const { number, refusal } of client.retrieveMany([1, 2, 3].map(number => ({ number, size: 1 })))) {
      got.push(`${number} ${refusal?.refusal.replyText ?? 'unread'}`);
    }
    expect(got).toEqual(['1 unread', '2 broken', '3 unread']);
    await expect(whole(client.retrieve(2))).rejects.toMatchObject({ code: 'command-refused' });
    for await (const _ of client.retrieve(1)) break;
    await client.noop();
    await client.quit();
  });

  it('asks ahead within the window of commands and of bytes', async () => {
    const messages = Array.from({ length: 10 }, (_, at) => ({ uid: `${at}`, octets: Buffer.from(`${at}\r\n`) }));
    const wanted = messages.map((_, at) => ({ number: at + 1, size: 100 }));
    const ahead = async (window: { commands?: number; bytes?: number }) => {
      const server = await serve({ messages });
      const client = await connect(server);
      let most = 0;
      let done = 0;
      for await (const { body } of client.retrieveMany(wanted, window)) {
        await settle();
        most = Math.max(most, server.commands.filter(line => line.startsWith('RETR')).length - done);
        if (body !== undefined) await whole(body);
        done += 1;
      }
      await client.quit();
      return most;
    };
    expect(await ahead({ commands: 4 })).toBeLessThanOrEqual(4);
    expect(await ahead({ commands: 4 })).toBeGreaterThan(1);
    expect(await ahead({ bytes: 250 })).toBeLessThanOrEqual(2);
    expect(await ahead({ bytes: 1 })).toBe(1);
  });

  it('deletes on the way of a retrieval', async () => {
    for (const pipelining of [true, false]) {
      const messages = Array.from({ length: 10 }, (_, at) => ({ uid: `${at}`, octets: Buffer.from(`${at}\r\n`) }));
      const server = await serve({ messages, answer: line => (line === 'DELE 2' ? '-ERR not yours\r\n' : undefined) });
      const client = await connect(server, {}, pipelining);
      const ready: number[] = [];
      const answers: string[] = [];
      const deletions = {
        take: (atMost: number) => ready.splice(0, atMost),
        answered: (number: number, refusal?: Error) => void answers.push(`${number} ${refusal === undefined}`),
      };
      const wanted = messages.map((_, at) => ({ number: at + 1, size: 1 }));
      const got: number[] = [];
      for await (const { number, body } of client.retrieveMany(wanted, { commands: 4, deletions })) {
        if (body !== undefined) await whole(body);
        got.push(number);
        ready.push(number);
      }
      expect(got).toEqual(wanted.map(({ number }) => number));
      expect(answers.slice(0, 2)).toEqual(['1 true', '2 false']);
      expect(server.commands.indexOf('DELE 1')).toBeLessThan(server.commands.indexOf('RETR 10'));
      expect(answers).toHaveLength(10);
      await client.quit();
      expect(server.messages.map(({ uid }) => uid)).toEqual(['1']);
    }
  });

  it('asks for messages while UIDL still arrives, as far as the window goes', async () => {
    const messages = Array.from({ length: 300 }, (_, at) => ({ uid: `uid-${at}`, octets: Buffer.from(`${at}\r\n`) }));
    const server = await serve({ messages });
    const client = await connect(server);
    const odd = ({ number }: { readonly number: number }) => number % 2 === 1;
    const listing = await client.listing(odd);
    // Three places in the window went to the checks between them.
    expect(listing.asked).toEqual(Array.from({ length: 97 }, (_, at) => 2 * at + 1));
    await expect(client.noop()).rejects.toMatchObject({ code: 'misuse' });
    const wanted = [...listing.sizes].map(([number, size]) => ({ number, size })).filter(odd);
    const got: string[] = [];
    for await (const { body } of client.retrieveMany(wanted)) got.push(body === undefined ? '' : await whole(body));
    expect(got).toEqual(wanted.map(({ number }) => `${number - 1}\r\n`));
    expect(server.commands.filter(line => line.startsWith('RETR'))).toHaveLength(150);
    await client.quit();
  });

  it.each([
    ['without PIPELINING', false, true],
    ['without UIDL', true, false],
  ] as const)('asks for nothing early %s', async (_, pipelining, uidl) => {
    const client = await connect(await serve({ messages: MESSAGES, uidl }), {}, pipelining);
    expect((await client.listing(() => true)).asked).toEqual([]);
    await client.quit();
  });

  it('closes when the retrieval of many is left early', async () => {
    const server = await serve({ messages: MESSAGES });
    const client = await connect(server);
    for await (const _ of client.retrieveMany([
      { number: 1, size: 1 },
      { number: 2, size: 1 },
    ]))
      break;
    expect(client.usable).toBe(false);
    expect(server.commands).not.toContain('QUIT');
  });

  it('throws away only so much of an abandoned message', async () => {
    const octets = Buffer.alloc(DISCARD_BYTES_MAX + 4_000_000, 'x\r\n');
    const client = await connect(await serve({ messages: [{ uid: 'big', octets }] }));
    const leave = async () => {
      for await (const _ of client.retrieve(1)) break;
    };
    await expect(leave()).rejects.toMatchObject({ code: 'message-abandoned' });
    expect(client.usable).toBe(false);
  });

  it('deletes at QUIT and not before', async () => {
    const server = await serve({ messages: MESSAGES, answer: line => (line === 'DELE 2' ? '-ERR not yours\r\n' : undefined) });
    const first = await connect(server);
    await first.delete(1);
    first.close();
    const second = await connect(server);
    expect((await second.stat()).count).toBe(3);
    const refused = await second.deleteMany([1, 2, 3]);
    expect([...refused.keys()]).toEqual([2]);
    await second.quit();
    expect(server.messages.map(({ uid }) => uid)).toEqual(['b']);
  });

  it('tells a refused QUIT', async () => {
    const client = await connect(await serve({ answer: line => (line === 'QUIT' ? '-ERR some messages stay\r\n' : undefined) }));
    await expect(client.quit()).rejects.toMatchObject({ code: 'quit-refused', retry: 'later' });
    expect(client.usable).toBe(false);
  });

  it('does one thing at a time', async () => {
    const client = await connect(await serve());
    const first = client.noop();
    await expect(client.stat()).rejects.toThrow('one thing at a time');
    await first;
    await client.quit();
  });
});

describe('a message that begins as a reply does', () => {
  const messages = [{ uid: 'a', octets: Buffer.from('+OK, said the spider\r\nSubject: one\r\n\r\nyes\r\n') }, ...MESSAGES];
  const countingLf = ({ octets }: FakeMessage) => octets.toString('latin1').replaceAll('\r\n', '\n').length;
  const fetchAll = async (options: FakeOptions) => {
    const client = await connect(await serve({ capabilities: ['UIDL'], messages, ...options }));
    const texts: string[] = [];
    const wanted = messages.map((_, at) => ({
      number: at + 1,
      size: (options.size ?? (({ octets }) => octets.length))(messages[at] as FakeMessage),
    }));
    for await (const { body } of client.retrieveMany(wanted)) texts.push(body === undefined ? 'refused' : await whole(body));
    return texts;
  };

  it('is taken one by one, also where sizes are told as on the disk of the server', async () => {
    const octets = messages.map(message => message.octets.toString('latin1'));
    expect(await fetchAll({ size: countingLf })).toEqual(octets);
    expect(await fetchAll({})).toEqual(octets);
  });

  it('is not believed where it is longer by just that line: the server answered twice', async () => {
    const twice = Buffer.concat([Buffer.from('+OK\r\n+OK 30\r\n'), stuffed(MESSAGES[0]?.octets ?? Buffer.alloc(0))]);
    const answering = fetchAll({ answer: line => (line === 'RETR 2' ? twice : undefined) });
    await expect(answering).rejects.toMatchObject({ code: 'protocol-broken' });
  });
});

describe('a broken session', () => {
  it('a message that ends without CRLF.CRLF is never complete', async () => {
    const server = await serve({
      messages: MESSAGES,
      answer: line => (line === 'RETR 1' ? '+OK\r\nhalf\r\n.' : line === 'NOOP' ? '' : undefined),
    });
    const client = await connect(server);
    const reading = whole(client.retrieve(1));
    await server.stop();
    await expect(reading).rejects.toMatchObject({ name: 'BrokenSessionError', code: 'connection-cut', retry: 'reconnect' });
    await expect(client.quit()).rejects.toMatchObject({ code: 'connection-cut' });
    expect(server.commands).not.toContain('QUIT');
  });

  it('an unexpected byte ends it without QUIT', async () => {
    const server = await serve({
      messages: MESSAGES,
      answer: line => (line === 'RETR 1' ? `${lines(['hello'])}surprise\r\n` : undefined),
    });
    const client = await connect(server);
    await whole(client.retrieve(1)).catch(() => undefined);
    await expect(client.delete(1)).rejects.toMatchObject({ code: 'protocol-broken' });
    await expect(client.quit()).rejects.toMatchObject({ code: 'protocol-broken' });
    expect(server.commands.filter(line => /^(DELE|QUIT)/.test(line)).length).toBeLessThanOrEqual(1);
    expect(server.messages).toHaveLength(3);
  });

  it('aborting the signal ends it at once', async () => {
    const server = await serve({ answer: line => (line === 'STAT' ? '' : undefined) });
    const abort = new AbortController();
    const client = await connectPop3(server.endpoint(), { dial, clock: systemClock, signal: abort.signal });
    const waiting = client.stat();
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
  });
});

/** Lets commands that are on their way arrive: one turn of the loop with input and output. */
function settle(): Promise<void> {
  return new Promise(resolve => setImmediate(() => setImmediate(resolve)));
}
