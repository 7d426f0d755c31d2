import { describe, expect, it } from 'vitest';
import { MisuseError } from '../../../src/core/errors.ts';
import { PRELIMINARY_REPLIES_MAX } from '../../../src/protocols/ftp/limits.ts';
import { FtpSession, type SessionEvent } from '../../../src/protocols/ftp/session.ts';
import { encodeCommand } from '../../../src/protocols/wire/command.ts';
import { REPLY_LINE_BYTES_MAX } from '../../../src/protocols/wire/limits.ts';
import { everySplit } from '../../support/splits.ts';

const noop = encodeCommand('NOOP');
const retr = encodeCommand('RETR x');
const abor = encodeCommand('ABOR');

function ready(): FtpSession {
  const session = new FtpSession();
  session.receive(Buffer.from('220 hi\r\n'));
  return session;
}

const told = (events: readonly SessionEvent[]) =>
  events.map(event => (event.kind === 'broken' ? `broken ${event.error.code}` : `${event.kind} ${event.reply.code}`));

const feed = (session: FtpSession, text: string) => told(session.receive(Buffer.from(text)));

describe('FtpSession', () => {
  it('reads the same replies however they are cut', () => {
    const bytes = Buffer.from('120 wait\r\n220-Hello\r\n 220 not yet\r\n226 x\r\n220 ready\r\n');
    const events = everySplit(
      bytes,
      chunks => {
        const session = new FtpSession();
        return chunks.flatMap(chunk => session.receive(chunk));
      },
      (a, b) => expect(a).toEqual(b),
    );
    expect(told(events)).toEqual(['preliminary 120', 'final 220']);
  });

  it.each([
    ['150 go\r\n226 done\r\n', ['preliminary 150', 'final 226'], 'ready'],
    ['226 done\r\n', ['final 226'], 'ready'],
    ['550 no\r\n', ['final 550'], 'ready'],
    ['150 go\r\n421 bye\r\n', ['preliminary 150', 'closing 421'], 'closed'],
    ['226 a\r\n226 b\r\n', ['final 226', 'broken protocol-broken'], 'closed'],
    ['what\r\n', ['broken protocol-broken'], 'closed'],
  ])('a transfer answered by %j', (text, events, state) => {
    const session = ready();
    session.send('transfer', retr);
    expect(feed(session, text)).toEqual(events);
    expect(session.state).toBe(state);
  });

  it.each(['x', 'é'])('a line of %j as long as can be, and one past that', letter => {
    const room = REPLY_LINE_BYTES_MAX - Buffer.byteLength(letter) - '200 '.length;
    for (const [more, told] of [
      [0, 'final 200'],
      [1, 'broken line-too-long'],
    ] as const) {
      const session = ready();
      session.send('send', noop);
      expect(feed(session, `200 ${letter}${'x'.repeat(room + more)}\r\n`)).toEqual([told]);
    }
  });

  it('lines that somebody takes come as bytes, those around them as replies', () => {
    const session = ready();
    const inner: string[] = [];
    session.send('send', noop);
    session.send('send', noop, line => void inner.push(String(line)));
    session.send('send', noop);
    expect(feed(session, '200 a\r\n213-b\r\n c\r\n d\r\n213 e\r\n200 f\r\n')).toEqual(['final 200', 'final 213', 'final 200']);
    expect(inner).toEqual([' c', ' d']);
  });

  it('takes two final replies after ABOR', () => {
    const session = ready();
    session.send('transfer', retr);
    feed(session, '150 go\r\n');
    session.send('abort', abor);
    expect(feed(session, '426 cut\r\n')).toEqual(['final 426']);
    expect(session.state).toBe('aborted');
    expect(feed(session, '225 ok\r\n')).toEqual(['final 225']);
    expect(session.state).toBe('ready');
  });

  it('refuses a second command in flight, anything before the greeting, and ABOR without a transfer', () => {
    expect(() => new FtpSession().send('send', noop)).toThrow(MisuseError);
    const session = ready();
    expect(() => session.send('abort', abor)).toThrow(MisuseError);
    session.send('transfer', retr);
    expect(() => session.send('send', noop)).toThrow(MisuseError);
  });

  it('a reply that nobody asked for breaks the session', () => {
    expect(feed(ready(), '200 surprise\r\n')).toEqual(['broken protocol-broken']);
  });

  it('a greeting that is no 220 closes', () => {
    const session = new FtpSession();
    expect(feed(session, '530 full\r\n')).toEqual(['final 530']);
    expect(session.state).toBe('closed');
  });

  it('allows a limited number of preliminary replies', () => {
    const session = ready();
    session.send('transfer', retr);
    expect(feed(session, '150 x\r\n'.repeat(PRELIMINARY_REPLIES_MAX)).at(-1)).toBe('preliminary 150');
    expect(feed(session, '150 x\r\n')).toEqual(['broken protocol-broken']);
  });

  it('finds bytes that came before TLS', () => {
    const session = ready();
    session.send('send', encodeCommand('AUTH TLS'));
    feed(session, '234 go\r\n');
    expect(() => session.assertSilent()).not.toThrow();
    const injected = ready();
    injected.send('send', encodeCommand('AUTH TLS'));
    feed(injected, '234 go\r\n230 in');
    expect(() => injected.assertSilent()).toThrow(/before the TLS handshake/);
  });
});
