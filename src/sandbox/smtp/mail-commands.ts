// The mail transaction: MAIL, RCPT, DATA, RSET; and NOOP, VRFY, HELP.
import type { FaultRule } from '../faults.ts';
import { Refusal } from '../refusal.ts';
import { readRecipient, readSender } from './envelope.ts';
import { receiveMessage } from './message-data.ts';
import type { SmtpCommands, SmtpSession } from './session.ts';

/** RFC 5321 section 4.5.3.1.8 asks for a hundred at least. */
const RECIPIENTS_MAX = 100;

/** The table needs the byte-counting rules that struck at DATA: they go on to the message. */
export function mailCommands(rules: readonly FaultRule[]): SmtpCommands {
  return {
    MAIL: { greeted: true, argument: 'required', run: startMail },
    RCPT: { greeted: true, argument: 'required', run: addRecipient },
    DATA: { greeted: true, argument: 'none', run: session => takeMessage(session, rules) },
    RSET: { greeted: false, argument: 'none', run: forget },
    NOOP: { greeted: false, argument: 'optional', run: () => '250 2.0.0 OK' },
    VRFY: { greeted: false, argument: 'required', run: () => '252 2.1.5 Send some mail and see' },
    HELP: { greeted: false, argument: 'optional', run: () => '214 2.0.0 See RFC 5321' },
  };
}

function startMail(session: SmtpSession, argument: string): string {
  if (!session.signedIn) return session.mayTakePasswords ? '530 5.7.0 Sign in first' : '530 5.7.0 Send STARTTLS first';
  if (session.sender !== undefined) return '503 5.5.1 MAIL was said already';
  session.sender = readSender(argument);
  return '250 2.1.0 Sender OK';
}

function addRecipient(session: SmtpSession, argument: string): string {
  if (session.sender === undefined) return '503 5.5.1 MAIL first';
  if (session.recipients.length >= RECIPIENTS_MAX) return '452 4.5.3 Too many recipients';
  session.recipients.push(readRecipient(argument, session.sender.utf8));
  return '250 2.1.5 Recipient OK';
}

/** What the dot's reply promises is kept: the message is in the mailbox before 250 is said (RFC 5321 section 6.1). */
async function takeMessage(session: SmtpSession, rules: readonly FaultRule[]): Promise<string> {
  const { connection, sender, mailbox } = session;
  if (sender === undefined) return '503 5.5.1 MAIL first';
  if (session.recipients.length === 0) return '554 5.5.1 No valid recipients';
  await connection.reply('354 End with a dot on a line of its own');
  const message = await receiveMessage(connection, rules, sender.eightBit);
  if (message === undefined) throw new Refusal('451 4.4.2 The message did not end');
  const prefix = traceOf(session);
  session.reset();
  if (message.refusal !== undefined) {
    const { instead } = await connection.at('dot');
    return instead ?? message.refusal;
  }
  const { uid } = await mailbox.add(Buffer.concat([prefix, message.content]));
  const { instead } = await connection.at('dot');
  if (instead !== undefined && !instead.startsWith('2')) await mailbox.remove(uid);
  return instead ?? `250 2.0.0 Kept as ${uid}`;
}

/** The lines that final delivery puts on top (RFC 5321 section 4.4). */
function traceOf({ clientName, connection, extended, options, recipients, sender }: SmtpSession): Buffer {
  const date = new Date(options.clock.now()).toUTCString().replace('GMT', '+0000');
  const kind = `${sender?.utf8 === true ? 'UTF8SMTP' : extended ? 'ESMTP' : 'SMTP'}${connection.secure ? 'S' : ''}${extended ? 'A' : ''}`;
  const lines = [
    `Return-Path: <${sender?.address ?? ''}>`,
    ...recipients.map(recipient => `Delivered-To: ${recipient}`),
    `Received: from ${clientName} ([${connection.remote.address}]) by localhost`,
    `\t(postrider sandbox) with ${kind}; ${date}`,
    '',
  ];
  return Buffer.from(lines.join('\r\n'), 'utf8');
}

function forget(session: SmtpSession): string {
  session.reset();
  return '250 2.0.0 OK';
}
