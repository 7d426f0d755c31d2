// Who is there and how the connection is protected: EHLO, HELO, STARTTLS, AUTH, QUIT.
import { randomHex } from '../../core/random.ts';
import { BEARER_REASON, bearerMechanisms, isBearer, rightBearer } from '../bearer.ts';
import { decodeBase64, FAILED_SIGN_INS_MAX, rightCramMd5, rightPassword, rightPlain } from '../credentials.ts';
import { Refusal } from '../refusal.ts';
import { MESSAGE_BYTES_MAX } from './envelope.ts';
import type { SmtpCommands, SmtpSession } from './session.ts';

/** RFC 4954 section 4. */
const SASL_LINE_BYTES_MAX = 12_288;

export const signInCommands: SmtpCommands = {
  EHLO: { greeted: false, argument: 'required', run: extendedHello },
  HELO: { greeted: false, argument: 'required', run: hello },
  STARTTLS: { greeted: true, argument: 'none', run: startTls },
  AUTH: { greeted: true, argument: 'required', run: authenticate },
  QUIT: { greeted: false, argument: 'none', run: quit },
};

/** A domain or an address literal (RFC 5321 section 4.1.1.1); internationalised names travel as A-labels. */
const CLIENT_NAME = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[A-Za-z0-9.:]+\])$/;

function extendedHello(session: SmtpSession, name: string): string {
  introduce(session, name, true);
  const canStartTls = session.options.tls !== undefined && !session.connection.secure;
  const lines = [
    `localhost greets ${name}`,
    'PIPELINING',
    `SIZE ${MESSAGE_BYTES_MAX}`,
    '8BITMIME',
    'SMTPUTF8',
    'ENHANCEDSTATUSCODES',
    ...(canStartTls ? ['STARTTLS'] : []),
    ...(session.mayTakePasswords ? [`AUTH ${mechanisms(session).join(' ')}`] : []),
  ];
  return lines.map((line, i) => `250${i === lines.length - 1 ? ' ' : '-'}${line}`).join('\n');
}

function mechanisms({ options }: SmtpSession): readonly string[] {
  return ['PLAIN', 'LOGIN', 'CRAM-MD5', ...bearerMechanisms(options)];
}

function hello(session: SmtpSession, name: string): string {
  introduce(session, name, false);
  return '250 localhost';
}

function introduce(session: SmtpSession, name: string, extended: boolean): void {
  if (!CLIENT_NAME.test(name)) throw new Refusal('501 5.5.4 Give a domain or an address literal');
  session.reset();
  session.clientName = name;
  session.extended = extended;
}

/** RFC 3207 section 4.2: after the handshake everything said before is forgotten, EHLO included. */
async function startTls(session: SmtpSession): Promise<string> {
  const { connection, options } = session;
  if (options.tls === undefined) return '502 5.5.1 TLS is not offered here';
  if (connection.secure) return '503 5.5.1 TLS is already on';
  await connection.reply('220 2.0.0 Start TLS');
  await connection.startTls(options.tls);
  session.reset();
  session.clientName = undefined;
  session.signedIn = false;
  return '';
}

/** RFC 4954 section 4. */
async function authenticate(session: SmtpSession, argument: string): Promise<string> {
  if (!session.extended) return '503 5.5.1 EHLO first';
  if (session.signedIn || session.sender !== undefined) return '503 5.5.1 Not now';
  if (!session.mayTakePasswords) return '538 5.7.11 Encryption required for the requested mechanism';
  const [mechanism = '', initial, ...more] = argument.split(' ');
  if (more.length > 0) return '501 5.5.4 AUTH takes a mechanism and an initial response';
  const right = await checkMechanism(session, mechanism.toUpperCase(), initial);
  if (right) {
    session.signedIn = true;
    return '235 2.7.0 Signed in';
  }
  session.failedSignIns += 1;
  session.closing = session.failedSignIns >= FAILED_SIGN_INS_MAX;
  return session.closing ? '421 4.7.0 Too many wrong passwords' : '535 5.7.8 Wrong user or password';
}

async function checkMechanism(session: SmtpSession, mechanism: string, initial: string | undefined): Promise<boolean> {
  const { options } = session;
  switch (mechanism) {
    case 'PLAIN':
      return rightPlain(options, initial === undefined ? await ask(session, '') : decode(initial));
    case 'LOGIN': {
      const user = initial === undefined ? await ask(session, 'Username:') : decode(initial);
      const password = await ask(session, 'Password:');
      return rightPassword(options, user.toString('utf8'), password.toString('utf8'));
    }
    case 'CRAM-MD5': {
      if (initial !== undefined) throw new Refusal('501 5.7.0 CRAM-MD5 takes no initial response');
      const challenge = `<${randomHex(options.random, 8)}.${options.clock.now()}@localhost>`;
      return rightCramMd5(options, challenge, await ask(session, challenge));
    }
    default:
      if (!isBearer(mechanism, options)) throw new Refusal(`504 5.5.4 Mechanisms: ${mechanisms(session).join(', ')}`);
      return checkBearer(session, mechanism, initial === undefined ? await ask(session, '') : decode(initial));
  }
}

/** RFC 7628 section 3.2.3: the client says that it has read why, and is refused then. */
async function checkBearer(session: SmtpSession, mechanism: string, message: Buffer): Promise<boolean> {
  const right = await rightBearer(session.options, mechanism, message);
  if (!right) await ask(session, Buffer.from(BEARER_REASON, 'base64').toString());
  return right;
}

async function ask(session: SmtpSession, challenge: string): Promise<Buffer> {
  await session.connection.reply(`334 ${Buffer.from(challenge).toString('base64')}`);
  const line = await session.connection.line(SASL_LINE_BYTES_MAX, () => '****');
  if (line === undefined || line === '*') throw new Refusal('501 5.7.0 Cancelled');
  return decode(line);
}

function decode(text: string): Buffer {
  const bytes = decodeBase64(text);
  if (bytes === undefined) throw new Refusal('501 5.5.2 This is no base64');
  return bytes;
}

function quit(session: SmtpSession): string {
  session.closing = true;
  return '221 2.0.0 Bye';
}
