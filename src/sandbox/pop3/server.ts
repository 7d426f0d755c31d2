// The sandbox's POP3 server: reads commands strictly one after the other, pipelined or not (RFC 2449 section 6.6).
//
//   greeting ─► AUTHORIZATION ──USER PASS | APOP | AUTH──► TRANSACTION ──QUIT──► UPDATE ─► end     (RFC 1939 sections 4 to 6)
//               AUTHORIZATION ──STLS──► AUTHORIZATION under TLS (RFC 2595 section 4)
//   a connection that ends in any other way deletes nothing
import { randomHex } from '../../core/random.ts';
import type { MailboxStore } from '../mailbox.ts';
import { Refusal } from '../refusal.ts';
import { type Service, startService } from '../service.ts';
import type { ServiceOptions } from '../service-options.ts';
import { mailCommands } from './mail-commands.ts';
import { type Pop3Commands, Pop3Session } from './session.ts';
import { signInCommands } from './sign-in-commands.ts';

export interface Pop3ServerOptions extends ServiceOptions {
  readonly mailbox: MailboxStore;
}

/** A command that carries a SASL answer (RFC 5034 section 4). */
const LINE_BYTES_MAX = 12_288;
/** Any other command, CRLF not counted (RFC 2449 section 4). */
const COMMAND_BYTES_MAX = 253;

const COMMANDS: Pop3Commands = { ...signInCommands, ...mailCommands };

export async function startPop3Server(options: Pop3ServerOptions): Promise<Service> {
  return startService('pop3', options, async connection => {
    const timestamp = `<${randomHex(options.random, 8)}.${options.clock.now()}@localhost>`;
    const session = new Pop3Session(connection, options, options.mailbox, timestamp);
    try {
      await converse(session);
    } finally {
      session.release();
    }
  });
}

async function converse(session: Pop3Session): Promise<void> {
  const { connection } = session;
  const { instead } = await connection.at('greeting');
  await connection.reply(instead ?? `+OK postrider sandbox ready ${session.timestamp}`);
  if (instead !== undefined && !instead.startsWith('+OK')) return;
  while (!session.closing) {
    const line = await connection.line(LINE_BYTES_MAX, shown);
    if (line === undefined) return;
    const reply = await answer(session, line);
    if (reply !== '') await connection.reply(reply);
  }
}

function shown(line: string): string {
  return line.replace(/^(PASS|APOP \S+|AUTH \S+) .*$/i, '$1 ****');
}

async function answer(session: Pop3Session, line: string): Promise<string> {
  const [word = '', ...words] = line.split(' ');
  const verb = word.toUpperCase();
  const { instead } = await session.connection.at(verb);
  if (instead !== undefined) return instead;
  const command = COMMANDS[verb];
  if (command === undefined) return '-ERR unknown command';
  if (verb !== 'AUTH' && Buffer.byteLength(line) > COMMAND_BYTES_MAX) return '-ERR the line is too long';
  if (command.state === 'authorization' && session.signedIn) return '-ERR you are signed in already';
  if (command.state === 'transaction' && !session.signedIn) return '-ERR sign in first';
  const [min, max] = command.words;
  if (words.length < min || words.length > max) return `-ERR ${verb} takes ${min === max ? min : `${min} or more`} arguments`;
  try {
    return await command.run(session, words);
  } catch (error) {
    if (error instanceof Refusal) return error.reply;
    throw error;
  }
}
