// The TRANSACTION state: STAT, LIST, UIDL, TOP, RETR, DELE, RSET, NOOP; and QUIT with its UPDATE.
import { DotStuffer } from '../../protocols/wire/dots.ts';
import type { StoredMessage } from '../mailbox.ts';
import { Refusal } from '../refusal.ts';
import type { Pop3Commands, Pop3Session } from './session.ts';

const WRITE_BYTES = 64 * 1024;

export const mailCommands: Pop3Commands = {
  STAT: { state: 'transaction', words: [0, 0], run: count },
  LIST: { state: 'transaction', words: [0, 1], run: (session, words) => listing(session, words, ({ size }) => String(size)) },
  UIDL: { state: 'transaction', words: [0, 1], run: (session, words) => listing(session, words, ({ uid }) => uid) },
  TOP: { state: 'transaction', words: [2, 2], run: top },
  RETR: { state: 'transaction', words: [1, 1], run: retrieve },
  DELE: { state: 'transaction', words: [1, 1], run: remove },
  RSET: { state: 'transaction', words: [0, 0], run: reset },
  NOOP: { state: 'transaction', words: [0, 0], run: () => '+OK' },
  QUIT: { state: 'any', words: [0, 0], run: quit },
};

function count(session: Pop3Session): string {
  const present = session.present();
  return `+OK ${present.length} ${present.reduce((sum, { message }) => sum + message.size, 0)}`;
}

function listing(session: Pop3Session, [word]: readonly string[], describe: (message: StoredMessage) => string): string {
  if (word !== undefined) {
    const { number, message } = session.message(word);
    return `+OK ${number} ${describe(message)}`;
  }
  const lines = session.present().map(({ number, message }) => `${number} ${describe(message)}`);
  return [`+OK ${lines.length} messages`, ...lines, '.'].join('\n');
}

async function retrieve(session: Pop3Session, [word = '']: readonly string[]): Promise<string> {
  const { message } = session.message(word);
  await sendMessage(session, `+OK ${message.size} octets`, await contentOf(session, message));
  return '';
}

async function top(session: Pop3Session, [word = '', lines = '']: readonly string[]): Promise<string> {
  if (!/^\d{1,9}$/.test(lines)) return '-ERR TOP takes a message and a number of lines';
  const content = await contentOf(session, session.message(word).message);
  await sendMessage(session, '+OK top follows', content.subarray(0, endOfTop(content, Number(lines))));
  return '';
}

async function contentOf(session: Pop3Session, { uid }: StoredMessage): Promise<Buffer> {
  return session.mailbox.read(uid).catch(() => {
    throw new Refusal('-ERR [SYS/PERM] that message is gone');
  });
}

/** The header, the empty line, and `lines` lines of the body (RFC 1939 section 7). */
function endOfTop(content: Buffer, lines: number): number {
  const blank = content.indexOf('\r\n\r\n');
  if (blank === -1) return content.length;
  let end = blank + 4;
  for (let left = lines; left > 0 && end < content.length; left--) {
    const next = content.indexOf('\r\n', end);
    end = next === -1 ? content.length : next + 2;
  }
  return end;
}

async function sendMessage(session: Pop3Session, status: string, content: Buffer): Promise<void> {
  const { connection } = session;
  await connection.reply(status);
  const stuffer = new DotStuffer();
  for (let at = 0; at < content.length; at += WRITE_BYTES) {
    await connection.write(stuffer.push(content.subarray(at, at + WRITE_BYTES)));
  }
  await connection.write(stuffer.finish());
}

function remove(session: Pop3Session, [word = '']: readonly string[]): string {
  const { number } = session.message(word);
  session.mark(number);
  return `+OK message ${number} deleted`;
}

function reset(session: Pop3Session): string {
  session.unmarkAll();
  return `+OK ${session.present().length} messages`;
}

async function quit(session: Pop3Session): Promise<string> {
  session.closing = true;
  if (!session.signedIn) return '+OK bye';
  try {
    await session.update();
    return '+OK bye';
  } catch {
    return '-ERR [SYS/TEMP] some deleted messages were not removed';
  } finally {
    session.release();
  }
}
