import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAddress } from '../../../src/protocols/smtp/address.ts';
import { encode, type SmtpCommand } from '../../../src/protocols/smtp/command.ts';
import { readExtensions } from '../../../src/protocols/smtp/extensions.ts';
import { type SmtpEvent, SmtpSession } from '../../../src/protocols/smtp/session.ts';
import { enhancedCode, replyText } from '../../../src/protocols/smtp/status.ts';
import { everySplit, FUZZ_SEED } from '../../support/splits.ts';

const to = parseAddress('ops@example.org')!;
const MAIL: SmtpCommand = { verb: 'MAIL', from: undefined, parameters: [] };
const RCPT: SmtpCommand = { verb: 'RCPT', to };

function take(session: SmtpSession, text: string | Buffer): SmtpEvent[] {
  session.receive(Buffer.from(text as string));
  const events: SmtpEvent[] = [];
  for (let event = session.next(); event !== undefined; event = session.next()) events.push(event);
  return events;
}

function ready(extensions = 'PIPELINING'): SmtpSession {
  const session = new SmtpSession();
  take(session, '220 hi\r\n');
  session.send({ verb: 'EHLO', name: 'client.test' });
  take(session, `250-fake\r\n250 ${extensions}\r\n`);
  return session;
}

const codes = (events: readonly SmtpEvent[]) => events.map(event => `${event.to} ${event.reply.code}`);

describe('SmtpSession', () => {
  it('matches every reply of a group, wherever the bytes are cut', () => {
    const bytes = Buffer.from('250 ok\r\n250-2.1.5 one\r\n250-2.1.5 two\r\n250 2.1.5 three\r\n550 5.1.1 nobody\r\n354 go\r\n');
    const events = everySplit(
      bytes,
      chunks => {
        const session = ready();
        for (const command of [MAIL, RCPT, RCPT, { verb: 'DATA' } as const]) session.send(command);
        const all = chunks.flatMap(chunk => take(session, chunk));
        return { all: codes(all), lines: all[1]?.reply.lines, state: session.state };
      },
      (a, b) => expect(a).toEqual(b),
    );
    expect(events.all).toEqual(['MAIL 250', 'RCPT 250', 'RCPT 550', 'DATA 354']);
    expect(events.state).toBe('content');
  });

  it('sends one by one where the server does not pipeline', () => {
    const session = ready('SIZE');
    session.send(MAIL);
    expect(() => session.send(RCPT)).toThrow(/before the reply/);
  });

  it('sends nothing after DATA before its reply, and nothing out of order', () => {
    const session = ready();
    expect(() => session.send(RCPT)).toThrow(/state ready/);
    session.send(MAIL);
    session.send(RCPT);
    session.send({ verb: 'DATA' });
    expect(() => session.send({ verb: 'RSET' })).toThrow(/state data/);
    expect(() => session.content(Buffer.from('x'))).toThrow(/state data/);
  });

  it('refuses a reply nobody asked for, but takes a 421 at any time', () => {
    expect(() => take(ready(), '250 what\r\n')).toThrow(/out of step/);
    const session = ready();
    const [event] = take(session, '421 4.3.2 going down\r\n');
    expect([event?.to, event?.closing, session.state]).toEqual(['nothing', true, 'ended']);
  });

  it('finds trailing bytes before the next command', () => {
    const session = ready();
    session.send({ verb: 'NOOP' });
    session.receive(Buffer.from('250 ok\r\n250 extra\r\n'));
    expect(session.next()?.reply.code).toBe(250);
    expect(() => session.send(MAIL)).toThrow(/out of step/);
  });

  it('keeps the verdict although rubbish follows it', () => {
    const session = ready();
    for (const command of [MAIL, RCPT, { verb: 'DATA' } as const]) session.send(command);
    take(session, '250 ok\r\n250 ok\r\n354 go\r\n');
    session.endOfData();
    session.receive(Buffer.from('250 queued\r\nrubbish\r\n'));
    expect(session.next()?.reply.code).toBe(250);
    expect(() => session.next()).toThrow();
  });

  it('aborts when bytes follow the 220 to STARTTLS', () => {
    const session = ready('STARTTLS');
    session.send({ verb: 'STARTTLS' });
    expect(() => take(session, '220 go\r\n250 AUTH PLAIN\r\n')).toThrowError(
      expect.objectContaining({ code: 'plaintext-injected', retry: 'never' }),
    );
    expect(session.state).toBe('ended');
  });

  /** What was slipped in behind the 220, in the same segment: replies of any code, halves of them, what looks like TLS, single bytes. */
  const INJECTED = [
    ...[
      '250 ok',
      '250-SIZE 1',
      '250 AUTH PLAIN LOGIN',
      '235 2.7.0 welcome',
      '354 go',
      '220 again',
      '221 bye',
      '421 going',
      '454 no TLS',
    ],
    ...[
      '500 what',
      '501 no',
      '503 order',
      '530 5.7.0 first',
      '550 no',
      '  ',
      '999 x',
      '25',
      'HTTP/1.1 200 OK',
      'EHLO client.test',
    ],
  ].flatMap(text => [text, `${text}\r\n`, `${text}\n`, `\r\n${text}\r\n`]);
  const BYTES = [
    0x00, 0x01, 0x07, 0x0a, 0x0d, 0x14, 0x15, 0x16, 0x17, 0x18, 0x20, 0x2d, 0x2e, 0x30, 0x32, 0x7f, 0x80, 0xa0, 0xff,
  ];
  const HANDSHAKES = ['1603010000', '16030300ff02', '1503030002022a', '140303000101', '17030300100001'].map(hex =>
    Buffer.from(hex, 'hex'),
  );
  const CASES = [...INJECTED.map(text => Buffer.from(text)), ...BYTES.map(byte => Buffer.of(byte)), ...HANDSHAKES];

  it('there are at least a hundred ways to slip something in', () => expect(CASES.length).toBeGreaterThanOrEqual(100));

  it.each(
    CASES.map(bytes => [bytes.toString('latin1'), bytes] as const),
  )('nothing is believed that follows the 220: %j', (_, bytes) => {
    for (const reply of ['220 go\r\n', '220-ready\r\n220 go\r\n']) {
      const session = ready('STARTTLS');
      session.send({ verb: 'STARTTLS' });
      expect(() => take(session, Buffer.concat([Buffer.from(reply), bytes]))).toThrowError(
        expect.objectContaining({ code: 'plaintext-injected', retry: 'never' }),
      );
      expect([session.state, session.extensions.auth.size]).toEqual(['ended', 0]);
    }
  });

  it('forgets all it knew once TLS stands', () => {
    const session = ready('STARTTLS\r\n'.trim());
    session.send({ verb: 'STARTTLS' });
    take(session, '220 go\r\n');
    session.secured();
    expect([session.state, session.extensions.startTls]).toEqual(['fresh', false]);
  });

  it.each([
    ['a 250 to DATA', '250 ok\r\n250 ok\r\n250 what\r\n'],
    ['a 354 after MAIL failed', '550 no\r\n503 no\r\n354 go\r\n'],
    ['a 3yz to RCPT', '250 ok\r\n354 go\r\n'],
    ['a 1yz', '150 hm\r\n'],
    ['no reply at all', 'HTTP/1.1 400 Bad Request\r\n'],
    ['mixed codes', '250-ok\r\n251 ok\r\n'],
    ['an endless line', `250 ${'x'.repeat(9_000)}`],
  ])('breaks off at %s', (_what, bytes) => {
    const session = ready();
    for (const command of [MAIL, RCPT, { verb: 'DATA' } as const]) session.send(command);
    expect(() => take(session, bytes)).toThrow();
    expect(session.state).toBe('ended');
  });

  it('takes any bytes without hanging, and never says that mail was taken without its end', () => {
    const piece = fc.oneof(
      fc.constantFrom('250 ok\r\n', '250-a\r\n', '354 go\r\n', '421 x\r\n', '550 5.1.1 x\r\n', '\r\n', '250', ' ', '\n'),
      fc.string({ maxLength: 8 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
        const session = ready();
        for (const command of [MAIL, RCPT, { verb: 'DATA' } as const]) session.send(command);
        try {
          for (const event of pieces.flatMap(text => take(session, text))) {
            if (event.to === 'message') expect(event.reply.code).toBeGreaterThanOrEqual(400);
          }
        } catch (error) {
          expect(error).toMatchObject({ retry: expect.any(String) });
        }
      }),
      { seed: FUZZ_SEED, numRuns: 500 },
    );
  });
});

describe('encode', () => {
  it('writes null sender and parameters', () => {
    expect(encode({ verb: 'MAIL', from: undefined, parameters: ['SIZE=10', 'BODY=8BITMIME'] }).octets).toBe(
      'MAIL FROM:<> SIZE=10 BODY=8BITMIME\r\n',
    );
  });

  it('never shows what signs in', () => {
    expect(encode({ verb: 'AUTH', mechanism: 'PLAIN', initial: 'AHUAcA==' }).shown).toBe('AUTH PLAIN ****');
    expect(encode({ verb: 'RESPONSE', text: 'c2VjcmV0' }).shown).toBe('****');
  });

  it('refuses every control character in every field', () => {
    for (let byte = 0; byte < 256; byte++) {
      const char = String.fromCharCode(byte);
      const commands: SmtpCommand[] = [
        { verb: 'EHLO', name: `a${char}b` },
        { verb: 'AUTH', mechanism: `P${char}` },
        { verb: 'AUTH', mechanism: 'PLAIN', initial: char },
        { verb: 'RESPONSE', text: `a${char}` },
        { verb: 'MAIL', from: undefined, parameters: [`SIZE=1${char}`] },
        { verb: 'RCPT', to: { local: `a${char}b`, domain: 'example.org', utf8: false } },
        { verb: 'RCPT', to: { local: 'a', domain: `example${char}.org`, utf8: false } },
      ];
      for (const command of commands) {
        if (byte < 0x20 || byte === 0x7f) expect(() => encode(command)).toThrow(/control character/);
        else expect(encode(command).octets.indexOf('\r\n')).toBe(encode(command).octets.length - 2);
      }
    }
  });
});

describe('readExtensions', () => {
  const read = (...lines: string[]) => readExtensions({ code: 250, lines: ['fake.test', ...lines] });

  it('reads keywords in any case, old AUTH= and doubled ones', () => {
    const offered = read('pipelining', 'auth=LOGIN', 'AUTH plain cram-md5', 'Size 100', 'STARTTLS ');
    expect([offered.pipelining, offered.startTls, offered.sizeMax, [...offered.auth].sort()]).toEqual([
      true,
      true,
      100,
      ['CRAM-MD5', 'LOGIN', 'PLAIN'],
    ]);
  });

  it.each(['SIZE', 'SIZE 0', 'SIZE x', 'SIZE 99999999999999999999'])('%s is no limit', line => {
    expect([read(line).size, read(line).sizeMax]).toEqual([true, undefined]);
  });
});

describe('status', () => {
  it('reads the enhanced code of its own class only', () => {
    expect(enhancedCode({ code: 550, lines: ['5.1.1 no such user'] })).toBe('5.1.1');
    expect(enhancedCode({ code: 550, lines: ['4.1.1 hm'] })).toBeUndefined();
    expect(enhancedCode({ code: 550, lines: ['5.1 hm'] })).toBeUndefined();
  });

  it('shows a reply on one safe line', () => {
    expect(replyText({ code: 550, lines: ['5.1.1 no \u001b[31m', '5.1.1 such user'] })).toBe('550 5.1.1 no \\x1b[31m such user');
  });
});
