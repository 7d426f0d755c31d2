// The sandbox's SMTP submission server (RFC 5321, RFC 6409): reads commands strictly one after the other, pipelined or not.
//
//   greeting ─► new ──EHLO HELO──► ready ──STARTTLS──► new, under TLS            (RFC 3207)
//   ready ──AUTH──► signed in (RFC 4954; in clear only with allowClear)
//   signed in ──MAIL──► sender ──RCPT──► recipients ──DATA──► message ──dot──► signed in      RSET, EHLO: back to signed in
import type { MailboxStore } from '../mailbox.ts';
import { Refusal } from '../refusal.ts';
import { type Service, startService } from '../service.ts';
import type { ServiceOptions } from '../service-options.ts';
import { mailCommands } from './mail-commands.ts';
import { SmtpSession } from './session.ts';
import { signInCommands } from './sign-in-commands.ts';

export interface SmtpServerOptions extends ServiceOptions {
  readonly mailbox: MailboxStore;
}

/** A command that carries a SASL answer (RFC 4954 section 4). */
const LINE_BYTES_MAX = 12_288;
/** Any other command: RFC 5321 section 4.5.3.1.4 and what the extensions add to it. */
const COMMAND_BYTES_MAX = 2_048;

export async function startSmtpServer(options: SmtpServerOptions): Promise<Service> {
  return startService('smtp', options, connection => converse(new SmtpSession(connection, options, options.mailbox)));
}

async function converse(session: SmtpSession): Promise<void> {
  const { connection } = session;
  const { instead } = await connection.at('greeting');
  await connection.reply(instead ?? '220 localhost ESMTP postrider sandbox');
  if (instead !== undefined && !instead.startsWith('220')) return;
  while (!session.closing) {
    const line = await connection.line(LINE_BYTES_MAX, shown);
    if (line === undefined) return;
    const reply = await answer(session, line);
    if (reply !== '') await connection.reply(reply);
    if (reply.startsWith('421')) return;
  }
}

function shown(line: string): string {
  return line.replace(/^(AUTH \S+) .*$/i, '$1 ****');
}

async function answer(session: SmtpSession, line: string): Promise<string> {
  const space = line.indexOf(' ');
  const verb = (space === -1 ? line : line.slice(0, space)).toUpperCase();
  const argument = space === -1 ? '' : line.slice(space + 1).trimEnd();
  const { instead, later } = await session.connection.at(verb, verb === 'DATA');
  if (instead !== undefined) return instead;
  const command = signInCommands[verb] ?? mailCommands(later)[verb];
  if (command === undefined) return '500 5.5.1 Unknown command';
  if (verb !== 'AUTH' && Buffer.byteLength(line) > COMMAND_BYTES_MAX) return '500 5.5.2 The line is too long';
  if (command.argument === 'required' && argument === '') return `501 5.5.4 ${verb} needs an argument`;
  if (command.argument === 'none' && argument !== '') return `501 5.5.4 ${verb} takes no argument`;
  if (command.greeted && session.clientName === undefined) return '503 5.5.1 EHLO first';
  try {
    return await command.run(session, argument);
  } catch (error) {
    if (error instanceof Refusal) return error.reply;
    throw error;
  }
}
