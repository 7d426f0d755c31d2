import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../../src/core/clock.ts';
import { systemRandom } from '../../../src/core/random.ts';
import { Secret } from '../../../src/core/secret.ts';
import { dial } from '../../../src/protocols/net/dial.ts';
import type { Endpoint } from '../../../src/protocols/net/endpoint.ts';
import { connectSmtp, type SmtpClient } from '../../../src/protocols/smtp/index.ts';
import { type Certificates, sandboxCertificates } from '../../../src/sandbox/certificates.ts';
import { FUZZ_SEED } from '../../support/splits.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { type FakeServer, serve } from './fake-server.ts';
import { ModelServer } from './model-server.ts';

let dir: TempDir;
let certificates: Certificates;
const transcript: string[] = [];

beforeAll(async () => {
  dir = await tempDir();
  certificates = await sandboxCertificates(dir.path, systemClock, systemRandom);
});
afterEach(() => {
  transcript.length = 0;
});
afterAll(() => dir.remove());

function connect(server: FakeServer, more: Partial<Endpoint> = {}): Promise<SmtpClient> {
  return connectSmtp(server.endpoint({ caFile: certificates.caFile, ...more }), {
    dial,
    clock: systemClock,
    transcript: (direction, line) => transcript.push(`${direction === '>' ? 'C' : 'S'}: ${line}`),
  });
}

const ENVELOPE = { from: 'robot@example.org', to: ['ops@example.org'] };
const MESSAGE = Buffer.from('Subject: hi\r\n\r\n.hello\r\n');
const MODEL: Endpoint = { name: 'm', type: 'smtp', host: 'm', port: 25, tls: 'none', timeoutMs: 60_000, hostname: 'c.test' };
const password = new Secret('canary-4711');
const credentials = { user: 'robot', password };

describe('a mail', () => {
  it('goes out in one group where the server pipelines', async () => {
    const server = await serve();
    const client = await connect(server);
    const result = await client.send(ENVELOPE, MESSAGE);
    await client.quit();
    expect(result).toEqual({
      outcome: 'accepted',
      recipients: [{ address: 'ops@example.org', status: 'accepted', reply: '250 2.0.0 queued as 4711', code: 250 }],
      reply: '250 2.0.0 queued as 4711',
    });
    expect(server.delivered).toEqual([{ from: 'robot@example.org', to: ['ops@example.org'], data: MESSAGE }]);
    expect(transcript).toEqual([
      'S: 220 fake.test ESMTP',
      'C: EHLO client.test',
      'S: 250 fake.test PIPELINING SIZE 1000000 8BITMIME ENHANCEDSTATUSCODES',
      'C: MAIL FROM:<robot@example.org> SIZE=23',
      'C: RCPT TO:<ops@example.org>',
      'C: DATA',
      'S: 250 2.1.0 sender ok',
      'S: 250 2.1.5 recipient ok',
      'S: 354 go ahead',
      'S: 250 2.0.0 queued as 4711',
      'C: QUIT',
      'S: 221 bye',
    ]);
  });

  it('goes out step by step where it does not', async () => {
    const server = await serve({ offers: ['SIZE'] });
    const client = await connect(server);
    expect((await client.send(ENVELOPE, MESSAGE)).outcome).toBe('accepted');
    expect(transcript.slice(3, 9).map(line => line.slice(0, 6))).toEqual([
      'C: MAI',
      'S: 250',
      'C: RCP',
      'S: 250',
      'C: DAT',
      'S: 354',
    ]);
  });

  it('goes out by HELO to a server from before EHLO', async () => {
    const server = await serve({ answer: line => (line.startsWith('EHLO') ? '502 what?' : undefined) });
    const client = await connect(server);
    expect((await client.send(ENVELOPE, MESSAGE)).outcome).toBe('accepted');
    expect(server.lines.slice(0, 3)).toEqual(['EHLO client.test', 'HELO client.test', 'MAIL FROM:<robot@example.org>']);
  });

  it.each([true, false])('reaches the good recipients among bad ones (pipelined: %s)', async pipelined => {
    const server = await serve({
      offers: pipelined ? ['PIPELINING'] : ['SIZE'],
      answer: line =>
        line.includes('<bad@') ? '550 5.1.1 nobody' : line.includes('<later@') ? '450 4.2.1 greylisted' : undefined,
    });
    const client = await connect(server);
    const to = ['bad@example.org', 'a@example.org', 'later@example.org', 'b@example.org', 'a@EXAMPLE.org'];
    const result = await client.send({ from: '', to }, MESSAGE);
    expect(result.outcome).toBe('partial');
    expect(result.recipients.map(({ address, status, code }) => `${address} ${status} ${code}`)).toEqual([
      'bad@example.org rejected 550',
      'a@example.org accepted 250',
      'later@example.org deferred 450',
      'b@example.org accepted 250',
    ]);
    expect(server.delivered[0]?.to).toEqual(['a@example.org', 'b@example.org']);
    expect(server.delivered[0]?.from).toBe('');
  });

  it.each([
    ['MAIL', '451 4.3.0 busy', 'deferred'],
    ['MAIL', '530 5.7.0 sign in first', 'rejected'],
    ['RCPT', '550 5.1.1 nobody', 'rejected'],
    ['RCPT', '450 4.2.1 greylisted', 'deferred'],
    ['DATA', '554 5.5.1 no', 'rejected'],
    ['.', '451 4.3.0 disk full', 'deferred'],
    ['.', '554 5.7.1 spam', 'rejected'],
    ['.', '421 4.3.2 going down', 'deferred'],
  ])('%s answered by %s is %s', async (verb, reply, outcome) => {
    for (const offers of [['PIPELINING'], ['SIZE']]) {
      const server = await serve({ offers, answer: line => (line.startsWith(verb) ? reply : undefined) });
      const client = await connect(server);
      const result = await client.send(ENVELOPE, MESSAGE);
      expect([result.outcome, result.recipients[0]?.reply, server.delivered.length]).toEqual([outcome, reply, 0]);
      await client.quit();
    }
  });

  it.each(['MAIL', 'RCPT', 'DATA'])('meets a 421 at %s: nothing was sent, later may be better', async verb => {
    const server = await serve({ answer: line => (line.startsWith(verb) ? '421 4.3.2 going down' : undefined) });
    const client = await connect(server);
    await expect(client.send(ENVELOPE, MESSAGE)).rejects.toMatchObject({ code: 'server-closing', retry: 'later' });
    expect([client.usable, server.delivered.length]).toEqual([false, 0]);
  });

  it('is not mixed with another one', async () => {
    const client = await connect(await serve());
    const first = client.send(ENVELOPE, MESSAGE);
    await expect(client.send(ENVELOPE, MESSAGE)).rejects.toMatchObject({ code: 'misuse' });
    expect((await first).outcome).toBe('accepted');
  });

  it('is not smuggled in when the server asks for it although it refused everybody', async () => {
    const server = await serve({
      answer: line =>
        line.startsWith('RCPT') ? '550 5.1.1 nobody' : line === 'DATA' ? '354 go' : line === '.' ? '554 nobody' : undefined,
    });
    const client = await connect(server);
    const result = await client.send(ENVELOPE, MESSAGE);
    expect([result.outcome, client.usable, server.delivered.length]).toEqual(['rejected', true, 0]);
    server.options = {};
    expect((await client.send(ENVELOPE, MESSAGE)).outcome).toBe('accepted');
  });

  it('follows a refused one on the same session', async () => {
    const server = await serve({ answer: line => (line.includes('<bad@') ? '550 no' : undefined) });
    const client = await connect(server);
    expect((await client.send({ ...ENVELOPE, to: ['bad@example.org'] }, MESSAGE)).outcome).toBe('rejected');
    expect((await client.send(ENVELOPE, MESSAGE)).outcome).toBe('accepted');
    expect(server.lines).toContain('RSET');
  });

  it('goes to more recipients than one group holds', async () => {
    const server = await serve({ answer: line => (line.includes('<u7@') ? '550 no' : undefined) });
    const client = await connect(server);
    const to = Array.from({ length: 350 }, (_, index) => `u${index}@example.org`);
    const result = await client.send({ ...ENVELOPE, to }, MESSAGE);
    expect([result.outcome, server.delivered[0]?.to.length]).toEqual(['partial', 349]);
  });

  it('goes out in batches where the server takes only so many at once', async () => {
    let taken = 0;
    const server = await serve({
      answer: line => {
        if (line.startsWith('MAIL')) taken = 0;
        if (line.includes('<u4@')) return '550 5.1.1 nobody';
        return line.startsWith('RCPT') && ++taken > 3 ? '452 4.5.3 too many recipients' : undefined;
      },
    });
    const client = await connect(server);
    const to = Array.from({ length: 8 }, (_, index) => `u${index}@example.org`);
    const result = await client.send({ ...ENVELOPE, to }, MESSAGE);
    expect([result.outcome, result.recipients.map(({ code }) => code)]).toEqual([
      'partial',
      [250, 250, 250, 250, 550, 250, 250, 250],
    ]);
    expect(server.delivered.map(mail => mail.to.map(address => address.slice(0, 2)).join(' '))).toEqual([
      'u0 u1 u2',
      'u3 u5 u6',
      'u7',
    ]);
  });

  it('is not tried again and again where the server takes nobody', async () => {
    const server = await serve({ answer: line => (line.startsWith('RCPT') ? '452 4.3.1 full' : undefined) });
    const client = await connect(server);
    expect((await client.send(ENVELOPE, MESSAGE)).outcome).toBe('deferred');
    expect(server.lines.filter(line => line.startsWith('MAIL')).length).toBe(1);
  });

  it('that is turned down halfway is rejected, not unknown', async () => {
    const server = await serve({ answer: line => (line === 'DATA' ? '354 go\r\n552 5.3.4 too big' : undefined) });
    const client = await connect(server);
    const result = await client.send(ENVELOPE, MESSAGE);
    expect([result.outcome, result.reply]).toEqual(['rejected', '552 5.3.4 too big']);
  });

  it('that is taken before it has come is not believed: that answer belongs to something else', async () => {
    const server = await serve({
      answer: line => (line === 'DATA' ? '354 go\r\n250 stale' : line === '.' ? '554 spam' : undefined),
    });
    const client = await connect(server);
    await expect(client.send(ENVELOPE, MESSAGE)).rejects.toMatchObject({ code: 'reply-unexpected' });
    expect([client.usable, server.delivered.length]).toEqual([false, 0]);
  });

  it('arrives byte for byte, whatever it holds and however it comes in pieces', async () => {
    const server = await serve({ offers: ['PIPELINING', '8BITMIME'] });
    const client = await connect(server);
    const piece = fc.oneof(
      fc.constantFrom('.', '..', '\r\n', '\r\n.\r\n', '\n.\n', '\r.\r', '\r\n.\n', '.\r\n', '\r', '\n', 'x', 'QUIT\r\n'),
      fc.uint8Array({ maxLength: 6 }).map(bytes => Buffer.from(bytes).toString('latin1')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 14 }), async pieces => {
        const chunks = pieces.map(text => Buffer.from(text, 'latin1'));
        await client.send(
          ENVELOPE,
          (async function* () {
            yield* chunks;
          })(),
        );
        const lines = Buffer.concat(chunks)
          .toString('latin1')
          .replace(/\r\n|\r|\n/g, '\r\n');
        const expected = lines === '' || lines.endsWith('\r\n') ? lines : `${lines}\r\n`;
        expect(server.delivered.pop()?.data.toString('latin1')).toBe(expected);
        expect(server.delivered).toEqual([]);
      }),
      { seed: FUZZ_SEED, numRuns: 300 },
    );
    expect(server.connections).toBe(1);
  });
});

describe('before anything is sent', () => {
  it.each([
    ['message-too-big', ['SIZE 10'], ENVELOPE, MESSAGE],
    ['smtputf8-missing', ['8BITMIME'], { ...ENVELOPE, to: ['jörg@example.org'] }, MESSAGE],
    ['smtputf8-missing', [], { ...ENVELOPE, to: ['jörg@example.org'] }, Buffer.from('To: jörg@example.org')],
    ['eight-bit-missing', ['SIZE'], ENVELOPE, Buffer.from('ü')],
    ['address-invalid', ['SIZE'], { ...ENVELOPE, to: ['a@b> X=1'] }, MESSAGE],
    ['no-recipients', ['SIZE'], { ...ENVELOPE, to: [] }, MESSAGE],
  ])('%s', async (code, offers, envelope, message) => {
    const server = await serve({ offers });
    const client = await connect(server);
    await expect(client.send(envelope, message)).rejects.toMatchObject({ code, retry: 'never' });
    expect(server.lines).toEqual(['EHLO client.test']);
    expect(client.usable).toBe(true);
  });

  it('asks for what the message needs and no more', async () => {
    const server = await serve({ offers: ['SIZE', '8BITMIME', 'SMTPUTF8'] });
    const client = await connect(server);
    await client.send({ from: 'robot@bücher.example', to: ['jörg@example.org'] }, Buffer.from('ü\n'));
    await client.send(ENVELOPE, MESSAGE);
    expect(server.lines.filter(line => line.startsWith('MAIL'))).toEqual([
      'MAIL FROM:<robot@xn--bcher-kva.example> SIZE=4 BODY=8BITMIME SMTPUTF8',
      'MAIL FROM:<robot@example.org> SIZE=23',
    ]);
  });
});

describe('signing in', () => {
  const accept = (line: string) => {
    if (/^AUTH PLAIN \S|^[A-Za-z0-9+/=]+$/.test(line) && line !== 'DATA' && line !== 'QUIT') {
      return line === Buffer.from('robot').toString('base64') ? '334 UGFzc3dvcmQ6' : '235 2.7.0 welcome';
    }
    if (line === 'AUTH LOGIN') return '334 VXNlcm5hbWU6';
    return line.startsWith('AUTH') ? '334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2U+' : undefined;
  };

  it.each([
    ['PLAIN LOGIN CRAM-MD5', ['C: AUTH CRAM-MD5', 'C: ****']],
    ['LOGIN PLAIN', ['C: AUTH PLAIN ****']],
    ['LOGIN', ['C: AUTH LOGIN', 'C: ****', 'C: ****']],
  ])('in clear text, of %s', async (offered, shown) => {
    const server = await serve({ offers: [`AUTH ${offered}`], answer: accept });
    await connect(server, credentials);
    expect(transcript.filter(line => line.startsWith('C:')).slice(1)).toEqual(shown);
    const base64 = Buffer.from('canary-4711').toString('base64').slice(0, 10);
    expect(transcript.join('\n')).not.toContain('canary');
    expect(transcript.join('\n')).not.toContain(base64);
  });

  it.each([
    ['535 5.7.8 wrong', 'sign-in-refused', 'never'],
    ['454 4.7.0 later', 'sign-in-deferred', 'later'],
    ['538 5.7.11 no', 'tls-required', 'never'],
    ['530 5.7.0 Must issue a STARTTLS command first', 'tls-required', 'never'],
    ['504 5.5.4 unknown', 'sign-in-refused', 'never'],
    ['421 4.7.0 too many tries', 'server-closing', 'later'],
  ])('answered by %s', async (reply, code, retry) => {
    const server = await serve({ offers: ['AUTH PLAIN'], answer: line => (line.startsWith('AUTH') ? reply : undefined) });
    const failure = await connect(server, credentials).catch(error => error);
    expect(failure).toMatchObject({ code, retry });
    expect(JSON.stringify([failure.message, failure.hint, failure.refusal])).not.toContain('canary');
  });

  it('gives up on a server that goes on asking', async () => {
    const server = await serve({
      offers: ['AUTH PLAIN'],
      answer: line => (line === '*' ? '501 cancelled' : /^AUTH/.test(line) ? '334 ' : undefined),
    });
    await expect(connect(server, credentials)).rejects.toMatchObject({ code: 'sign-in-refused' });
  });

  it('is not offered in clear text by a server that wants TLS', async () => {
    const server = await serve({ offers: ['STARTTLS'] });
    await expect(connect(server, credentials)).rejects.toMatchObject({ code: 'tls-required', retry: 'never' });
    expect(server.lines).toEqual(['EHLO client.test']);
  });

  it.each([[[]], [['AUTH XOAUTH2']]])('is impossible with %j', async offers => {
    const server = await serve({ offers });
    await expect(connect(server, credentials)).rejects.toMatchObject({ code: 'sign-in-unsupported', retry: 'never' });
    expect(server.lines).toEqual(['EHLO client.test']);
  });

  it('needs a password', async () => {
    const server = await serve({ offers: ['AUTH PLAIN'] });
    await expect(connect(server, { user: 'robot' })).rejects.toMatchObject({ code: 'secret-missing' });
  });
});

describe('TLS', () => {
  it('starts, forgets what was said before it, and signs in under it', async () => {
    const server = await serve({
      tls: certificates.tls,
      offers: ['STARTTLS', 'AUTH CRAM-MD5'],
      offersTls: ['PIPELINING', 'AUTH PLAIN'],
      answer: line => (line.startsWith('AUTH') ? '235 ok' : undefined),
    });
    const client = await connect(server, { tls: 'explicit', ...credentials });
    expect((await client.send(ENVELOPE, MESSAGE)).outcome).toBe('accepted');
    expect(server.lines.slice(0, 4).map(line => line.slice(0, 10))).toEqual([
      'EHLO clien',
      'STARTTLS',
      'EHLO clien',
      'AUTH PLAIN',
    ]);
  });

  it('stands from the first byte where it is implicit', async () => {
    const server = await serve({
      tls: certificates.tls,
      implicit: true,
      offers: ['AUTH PLAIN'],
      answer: line => (line.startsWith('AUTH') ? '235 ok' : undefined),
    });
    const client = await connect(server, { tls: 'implicit', ...credentials });
    expect((await client.send(ENVELOPE, MESSAGE)).outcome).toBe('accepted');
    expect(server.lines.map(line => line.slice(0, 4))).toEqual(['EHLO', 'AUTH', 'MAIL', 'RCPT', 'DATA']);
  });

  it('is demanded of a certificate that we trust', async () => {
    const server = await serve({ tls: certificates.tls, offers: ['STARTTLS', 'AUTH PLAIN'] });
    const { caFile: _caFile, ...endpoint } = server.endpoint({ tls: 'explicit', ...credentials });
    await expect(connectSmtp(endpoint, { dial, clock: systemClock })).rejects.toMatchObject({
      code: 'tls-untrusted',
      retry: 'never',
    });
    expect(server.lines).toEqual(['EHLO client.test', 'STARTTLS']);
  });

  it.each([
    ['is not offered', { offers: ['AUTH PLAIN'] }, 'tls-refused', 'never'],
    [
      'is refused',
      { offers: ['STARTTLS'], answer: (line: string) => (line === 'STARTTLS' ? '502 no' : undefined) },
      'tls-refused',
      'never',
    ],
    [
      'is not available',
      { offers: ['STARTTLS'], answer: (line: string) => (line === 'STARTTLS' ? '454 later' : undefined) },
      'tls-refused',
      'later',
    ],
    [
      'comes with injected bytes',
      { offers: ['STARTTLS'], injected: '\r\n250-x\r\n250 AUTH PLAIN' },
      'plaintext-injected',
      'never',
    ],
    [
      'cannot be had from HELO',
      { answer: (line: string) => (line.startsWith('EHLO') ? '500 no' : undefined) },
      'tls-refused',
      'never',
    ],
  ])('that %s ends the session; no password leaves', async (_what, options, code, retry) => {
    const server = await serve({ tls: certificates.tls, ...options });
    await expect(connect(server, { tls: 'explicit', ...credentials })).rejects.toMatchObject({ code, retry });
    expect(server.lines.some(line => line.startsWith('AUTH'))).toBe(false);
  });
});

describe('the greeting', () => {
  it.each([
    ['554 5.7.1 go away', 'server-refused', 'never'],
    ['450 4.3.2 busy', 'server-refused', 'later'],
    ['421 4.3.2 busy', 'server-closing', 'later'],
    ['SSH-2.0-OpenSSH', 'wrong-server', 'never'],
  ])('%s', async (greeting, code, retry) => {
    const server = await serve({ greeting });
    await expect(connect(server)).rejects.toMatchObject({ code, retry });
  });

  it('is answered with the address we speak from when there is no name', async () => {
    const server = await serve();
    const { hostname: _hostname, ...endpoint } = server.endpoint();
    await connectSmtp(endpoint, { dial, clock: systemClock });
    expect(server.lines[0]).toMatch(/^EHLO (\[(127\.0\.0\.1|IPv6:::1)\]|[a-z0-9-]+(\.[a-z0-9-]+)+)$/);
    await expect(connect(server, { hostname: 'a b\r\nQUIT' })).rejects.toMatchObject({ code: 'hostname-invalid' });
  });
});

describe('a cut connection', () => {
  it('is indeterminate after the final dot, and a certain failure before', async () => {
    const after = await serve({ answer: line => (line === '.' ? '' : undefined) });
    const result = await (await connect(after)).send({ ...ENVELOPE, to: ['ops@example.org', 'b@example.org'] }, MESSAGE);
    expect([result.outcome, result.recipients.map(({ status }) => status)]).toEqual([
      'indeterminate',
      ['indeterminate', 'indeterminate'],
    ]);
    const client = await connect(await serve());
    const failing = (async function* () {
      yield MESSAGE;
      throw new Error('the file vanished');
    })();
    await expect(client.send(ENVELOPE, failing)).rejects.toThrow('the file vanished');
    expect(client.usable).toBe(false);
  });

  it('keeps the end of the message back when its record cannot be written', async () => {
    const server = await serve();
    const client = await connect(server);
    const onDataSent = () => Promise.reject(new Error('disk full'));
    await expect(client.send(ENVELOPE, MESSAGE, { onDataSent })).rejects.toThrow('disk full');
    expect(server.delivered).toEqual([]);
  });

  it.each([
    'cutAfterSent',
    'cutAfterReceived',
  ] as const)('%s: at every byte of the dialogue we know or say that we do not', async cut => {
    const whole = await serve({ answer: line => (line.includes('<bad@') ? '550 5.1.1 no' : undefined) });
    const envelope = { ...ENVELOPE, to: ['ops@example.org', 'bad@example.org'] };
    const first = await connect(whole);
    await first.send(envelope, MESSAGE);
    await first.quit();
    const total = cut === 'cutAfterSent' ? whole.sent : whole.received;
    expect(total).toBeGreaterThan(100);
    for (let at = 1; at < total; at++) {
      const server = await serve({ answer: whole.options.answer!, [cut]: at });
      let outcome = 'not-sent';
      try {
        const client = await connect(server);
        const result = await client.send(envelope, MESSAGE);
        outcome = result.recipients[0]?.status ?? '';
        expect(result.recipients[1]?.status).toBe('rejected');
        await client.quit();
      } catch (error) {
        expect(error, `cut at ${at}`).toMatchObject({ retry: 'reconnect' });
      }
      await server.close();
      const truth = server.delivered.length === 1 ? 'accepted' : 'not-sent';
      expect([truth, 'indeterminate'], `cut at ${at}`).toContain(outcome);
    }
  });

  it('that is never answered is indeterminate after ten minutes, not after the timeout of a command', async () => {
    const server = new ModelServer({ offers: [], answer: line => (line === '.' ? '250-thinking' : undefined) });
    const clock = new VirtualClock();
    const client = await connectSmtp(MODEL, { dial: server.dial, clock });
    const began = clock.elapsed();
    expect((await clock.until(client.send(ENVELOPE, MESSAGE))).outcome).toBe('indeterminate');
    expect(clock.elapsed() - began).toBe(600_000);
  });

  it('is noticed within the timeout of each command, however many were in time before it', async () => {
    const server = new ModelServer({
      offers: [],
      answer: line => (line === 'RCPT TO:<mute@example.org>' ? '250-thinking' : undefined),
    });
    const clock = new VirtualClock();
    const client = await connectSmtp(MODEL, { dial: server.dial, clock });
    for (let mails = 0; mails < 3; mails++) {
      await clock.advance(MODEL.timeoutMs - 1);
      expect((await client.send(ENVELOPE, MESSAGE)).outcome).toBe('accepted');
    }
    const began = clock.elapsed();
    const sent = client.send({ ...ENVELOPE, to: ['mute@example.org'] }, MESSAGE);
    await expect(clock.until(sent)).rejects.toMatchObject({ code: 'timed-out' });
    expect(clock.elapsed() - began).toBe(MODEL.timeoutMs);
  });

  it('by a server that does not answer QUIT is not waited for', async () => {
    const server = await serve({ answer: line => (line === 'QUIT' ? '221-bye' : undefined) });
    const clock: Clock = {
      ...systemClock,
      after: (ms, fire) => (ms === 2_000 ? systemClock.after(0, fire) : { cancel: () => undefined }),
    };
    const client = await connectSmtp(server.endpoint(), { dial, clock });
    await client.quit();
    expect(client.usable).toBe(false);
  });

  it('says so when a second mail is tried', async () => {
    const client = await connect(await serve({ answer: line => (line === '.' ? '' : undefined) }));
    await client.send(ENVELOPE, MESSAGE);
    await expect(client.send(ENVELOPE, MESSAGE)).rejects.toMatchObject({ code: 'session-ended', retry: 'reconnect' });
  });
});
