import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/core/secret.ts';
import type { Pop3Command } from '../../../src/protocols/pop3/command.ts';
import { CAPABILITY_LINES_MAX, LISTING_BYTES_MAX, LISTING_LINE_BYTES_MAX } from '../../../src/protocols/pop3/limits.ts';
import { type Pop3Event, Pop3Session } from '../../../src/protocols/pop3/session.ts';
import { REPLY_LINE_BYTES_MAX } from '../../../src/protocols/wire/limits.ts';
import { linesIn } from '../../../src/protocols/wire/receive-buffer.ts';
import { everySplit, FUZZ_SEED } from '../../support/splits.ts';
import { lines, stuffed } from './fake-server.ts';

const PASS: Pop3Command = { verb: 'PASS', password: new Secret('x') };

/** A session in the transaction state with these commands outstanding. */
function inTransaction(...commands: readonly Pop3Command[]): Pop3Session {
  const session = new Pop3Session();
  session.receive(Buffer.from('+OK\r\n'));
  session.send(PASS);
  session.receive(Buffer.from('+OK\r\n'));
  for (const command of commands) session.send(command);
  return session;
}

/** Events as text, neighbouring data joined, so that cuttings compare. */
function shown(events: readonly Pop3Event[]): string[] {
  const out: string[] = [];
  let data: Buffer | undefined;
  const flush = () => {
    if (data !== undefined) out.push(`data ${data.toString('latin1')}`);
    data = undefined;
  };
  for (const event of events) {
    if (event.type === 'data') {
      data = Buffer.concat([data ?? Buffer.alloc(0), event.chunk]);
      continue;
    }
    flush();
    if (event.type === 'greeting') out.push(`greeting ${event.response.ok} ${event.response.text}`);
    if (event.type === 'reply') out.push(`${event.verb} ${event.response.ok} ${event.response.code} ${event.response.text}`);
    if (event.type === 'challenge') out.push(`challenge ${event.text}`);
    if (event.type === 'lines') for (const line of linesIn(event.lines)) out.push(`line ${line.toString('latin1')}`);
    if (event.type === 'end') out.push(`end ${event.verb}`);
    if (event.type === 'broken') out.push(`broken ${event.error.code}`);
  }
  flush();
  return out;
}

function allSplits(input: string | Buffer, ...commands: readonly Pop3Command[]): string[] {
  const bytes = typeof input === 'string' ? Buffer.from(input, 'latin1') : input;
  const decode = (chunks: readonly Buffer[]) => {
    const session = inTransaction(...commands);
    return shown(chunks.flatMap(chunk => session.receive(Buffer.from(chunk))));
  };
  return everySplit(bytes, decode, (a, b) => expect(a).toEqual(b));
}

const RETR: Pop3Command = { verb: 'RETR', number: 1 };

describe('a session, cut at every byte', () => {
  it('reads replies, lists and messages in order', () => {
    const input = `+OK 2 300\r\n${lines(['1 100', '2 200'])}${lines(['1 a', '2 b'])}+OK\r\n..dot\r\n\r\nFrom me\r\n.\r\n-ERR [SYS/TEMP] busy\r\n+OK\r\n`;
    const events = allSplits(input, { verb: 'STAT' }, { verb: 'LIST' }, { verb: 'UIDL' }, RETR, RETR, { verb: 'NOOP' });
    expect(events).toEqual([
      'STAT true  2 300',
      'LIST true  ',
      'line 1 100',
      'line 2 200',
      'end LIST',
      'UIDL true  ',
      'line 1 a',
      'line 2 b',
      'end UIDL',
      'RETR true  ',
      'data .dot\r\n\r\nFrom me\r\n',
      'end RETR',
      'RETR false SYS/TEMP busy',
      'NOOP true  ',
    ]);
  });

  it('takes only CRLF.CRLF for the end of a message', () => {
    const body = '.\n.\r.\n\r\n. \r\n.\0\r\nx\n.\n\r\n';
    expect(allSplits(`+OK\r\n${body}.\r\n`, RETR)).toEqual([
      'RETR true  ',
      `data ${body.replace(/(^|\r\n)\./g, '$1')}`,
      'end RETR',
    ]);
  });

  it('a message of nothing but dots comes in few pieces', () => {
    const session = inTransaction(RETR);
    const body = '..\r\n'.repeat(10_000);
    const events = session.receive(Buffer.from(`+OK\r\n${body}.\r\n`));
    expect(events.length).toBeLessThan(10);
    expect(shown(events)).toEqual(['RETR true  ', `data ${body.replaceAll('..', '.')}`, 'end RETR']);
  });

  it('reads an empty message', () => {
    expect(allSplits('+OK\r\n.\r\n+OK 0 0\r\n', RETR, { verb: 'STAT' })).toEqual(['RETR true  ', 'end RETR', 'STAT true  0 0']);
  });

  it('accepts lower case, tabs, LF alone and missing text', () => {
    expect(allSplits('+ok\t1 2\n-err\n', { verb: 'STAT' }, { verb: 'NOOP' })).toEqual(['STAT true  1 2', 'NOOP false  ']);
  });

  it('breaks at a line that is no reply, keeping what came before', () => {
    expect(allSplits('+OK\r\nHello\r\n+OK\r\n', { verb: 'NOOP' }, { verb: 'NOOP' })).toEqual([
      'NOOP true  ',
      'broken protocol-broken',
    ]);
  });

  it('breaks at a reply that nobody asked for', () => {
    expect(allSplits('+OK\r\n+OK forged\r\n', { verb: 'NOOP' })).toEqual(['NOOP true  ', 'broken protocol-broken']);
    expect(allSplits('-ERR idle for too long\r\n')).toEqual(['broken server-closed']);
  });
});

describe('forged replies', () => {
  for (const length of [2_049, 1_048_577]) {
    it(`stay inside the message when they follow a line of ${length} bytes`, () => {
      const message = Buffer.from(`${'x'.repeat(length)}\r\n+OK\r\n-ERR\r\n.QUIT\r\n${'y'.repeat(length)}+OK forged\r\n`);
      const session = inTransaction(RETR, { verb: 'NOOP' });
      const input = Buffer.concat([Buffer.from('+OK\r\n'), stuffed(message), Buffer.from('+OK true end\r\n')]);
      const events: Pop3Event[] = [];
      for (let at = 0; at < input.length; at += 1_000) events.push(...session.receive(input.subarray(at, at + 1_000)));
      expect(shown(events)).toEqual(['RETR true  ', `data ${message.toString('latin1')}`, 'end RETR', 'NOOP true  true end']);
    });
  }
});

describe('limits', () => {
  const reply = (bytes: number) => `+OK ${'x'.repeat(bytes - 4)}\r\n`;

  it('takes a reply line of the limit and breaks one past it', () => {
    expect(shown(inTransaction({ verb: 'NOOP' }).receive(Buffer.from(reply(REPLY_LINE_BYTES_MAX))))[0]).toMatch(/^NOOP true/);
    expect(shown(inTransaction({ verb: 'NOOP' }).receive(Buffer.from(reply(REPLY_LINE_BYTES_MAX + 1))))).toEqual([
      'broken line-too-long',
    ]);
  });

  it('breaks a reply line that never ends', () => {
    const session = inTransaction({ verb: 'NOOP' });
    expect(shown(session.receive(Buffer.alloc(REPLY_LINE_BYTES_MAX + 2, 'x')))).toEqual(['broken line-too-long']);
    expect(session.receive(Buffer.from('+OK\r\n'))).toEqual([]);
    expect(() => session.send({ verb: 'QUIT' })).toThrow('QUIT in state broken');
  });

  it('bounds lines of a listing and their number', () => {
    const uid = (bytes: number) => lines([`1 ${'u'.repeat(bytes - 2)}`]);
    expect(shown(inTransaction({ verb: 'UIDL' }).receive(Buffer.from(uid(LISTING_LINE_BYTES_MAX)))).at(-1)).toBe('end UIDL');
    expect(shown(inTransaction({ verb: 'UIDL' }).receive(Buffer.from(uid(LISTING_LINE_BYTES_MAX + 1)))).at(-1)).toBe(
      'broken line-too-long',
    );
    const capa = (count: number) => lines(Array.from({ length: count }, (_, at) => `X${at}`));
    expect(shown(inTransaction({ verb: 'CAPA' }).receive(Buffer.from(capa(CAPABILITY_LINES_MAX)))).at(-1)).toBe('end CAPA');
    expect(shown(inTransaction({ verb: 'CAPA' }).receive(Buffer.from(capa(CAPABILITY_LINES_MAX + 1)))).at(-1)).toBe(
      'broken listing-too-long',
    );
  });
});

describe('a listing of many long UIDs', () => {
  it('is taken up to the limit of its bytes, and broken one past it', () => {
    const session = inTransaction({ verb: 'UIDL' });
    session.receive(Buffer.from('+OK\r\n'));
    const row = (number: number) => `${number} ${'u'.repeat(1_000)}\r\n`;
    const lines = Buffer.from(Array.from({ length: 1_000 }, (_, at) => row(at + 1)).join(''));
    const most = Math.floor(LISTING_BYTES_MAX / lines.length);
    for (let sent = 0; sent < most; sent++) session.receive(lines);
    session.receive(lines.subarray(0, LISTING_BYTES_MAX - most * lines.length));
    expect(session.state).toBe('transaction');
    expect(shown(session.receive(Buffer.from('u')))).toEqual(['broken listing-too-long']);
  });
});

describe('states', () => {
  it('allow each command only where RFC 1939 has it', () => {
    const fresh = new Pop3Session();
    expect(() => fresh.send({ verb: 'CAPA' })).toThrow('CAPA in state greeting');
    fresh.receive(Buffer.from('+OK hello\r\n'));
    expect(fresh.state).toBe('authorization');
    expect(() => fresh.send({ verb: 'STAT' })).toThrow('STAT in state authorization');
    const session = inTransaction();
    expect(session.state).toBe('transaction');
    expect(() => session.send(PASS)).toThrow('PASS in state transaction');
    session.send({ verb: 'QUIT' });
    expect(session.state).toBe('update');
    expect(() => session.send({ verb: 'NOOP' })).toThrow('NOOP in state update');
    session.receive(Buffer.from('+OK\r\n'));
    expect(session.state).toBe('closed');
  });

  it('a refused password leaves the authorization state', () => {
    const session = new Pop3Session();
    session.receive(Buffer.from('+OK\r\n'));
    session.send(PASS);
    session.receive(Buffer.from('-ERR\r\n'));
    expect(session.state).toBe('authorization');
  });

  it('breaks when bytes follow the +OK to STLS in the same breath', () => {
    const session = new Pop3Session();
    session.receive(Buffer.from('+OK\r\n'));
    session.send({ verb: 'STLS' });
    expect(shown(session.receive(Buffer.from('+OK\r\n+OK injected\r\n')))).toEqual(['STLS true  ', 'broken plaintext-injected']);
  });

  it('masks every secret in what is shown, and lets no line end into a command', () => {
    const session = new Pop3Session();
    session.receive(Buffer.from('+OK\r\n'));
    expect(session.send({ verb: 'PASS', password: new Secret('geheim') })).toEqual({
      octets: 'PASS geheim\r\n',
      shown: 'PASS ****',
    });
    expect(session.send({ verb: 'AUTH', mechanism: 'PLAIN', initial: new Secret('AGE=') }).shown).toBe('AUTH PLAIN ****');
    expect(session.send({ verb: 'APOP', name: 'me', digest: 'abc' }).shown).toBe('APOP me ****');
    expect(() => session.send({ verb: 'USER', name: 'a\r\nDELE 1' })).toThrow('line end');
    for (const number of [0, -1, 1.5, Number.NaN]) {
      expect(() => inTransaction().send({ verb: 'DELE', number })).toThrow('no message number');
    }
  });
});

describe('any bytes at all', () => {
  it('give the same events however they are cut, and never an exception', () => {
    const piece = fc.constantFrom('+OK', '-ERR', '\r\n', '\r', '\n', '.', '..', ' ', '1 2', '[IN-USE]', 'x', '\0', '\xff', '+ ');
    const cases = fc.record({
      text: fc.array(piece, { maxLength: 40 }).map(parts => parts.join('')),
      cuts: fc.array(fc.nat(120), { maxLength: 6 }),
    });
    fc.assert(
      fc.property(cases, ({ text, cuts }) => {
        const bytes = Buffer.from(text, 'latin1');
        const commands: readonly Pop3Command[] = [{ verb: 'STAT' }, RETR, { verb: 'UIDL' }, { verb: 'TOP', number: 1, lines: 0 }];
        const whole = shown(inTransaction(...commands).receive(bytes));
        const session = inTransaction(...commands);
        const at = [0, ...cuts.map(cut => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const parts = at.slice(1).flatMap((end, index) => session.receive(bytes.subarray(at[index], end)));
        expect(shown(parts)).toEqual(whole);
      }),
      { seed: FUZZ_SEED, numRuns: 500 },
    );
  });
});
