// The AUTHORIZATION state: CAPA, STLS, USER, PASS, APOP, AUTH.
import { BEARER_REASON, bearerMechanisms, isBearer, rightBearer } from '../bearer.ts';
import { decodeBase64, FAILED_SIGN_INS_MAX, rightApop, rightPassword, rightPlain } from '../credentials.ts';
import { Refusal } from '../refusal.ts';
import type { Pop3Commands, Pop3Session } from './session.ts';

/** RFC 5034 section 4: the client's answer may be this long. */
const SASL_LINE_BYTES_MAX = 12_288;

export const signInCommands: Pop3Commands = {
  CAPA: { state: 'any', words: [0, 0], run: capabilities },
  STLS: { state: 'authorization', words: [0, 0], run: startTls },
  USER: { state: 'authorization', words: [1, Number.POSITIVE_INFINITY], run: giveUser },
  PASS: { state: 'authorization', words: [1, Number.POSITIVE_INFINITY], run: givePassword },
  APOP: { state: 'authorization', words: [2, 2], run: giveDigest },
  AUTH: { state: 'authorization', words: [1, 2], run: authenticate },
};

/** RFC 2449 section 5: the list changes with TLS and sign-in. */
function capabilities(session: Pop3Session): string {
  const canStartTls = session.options.tls !== undefined && !session.connection.secure && !session.signedIn;
  const lines = [
    '+OK capabilities follow',
    'TOP',
    'UIDL',
    'PIPELINING',
    'RESP-CODES',
    'AUTH-RESP-CODE',
    ...(session.mayTakePasswords ? ['USER', `SASL ${['PLAIN', ...bearerMechanisms(session.options)].join(' ')}`] : []),
    ...(canStartTls ? ['STLS'] : []),
    'IMPLEMENTATION postrider-sandbox',
    '.',
  ];
  return lines.join('\n');
}

/** RFC 2595 section 4. */
async function startTls(session: Pop3Session): Promise<string> {
  const { connection, options } = session;
  if (options.tls === undefined) return '-ERR TLS is not offered here';
  if (connection.secure) return '-ERR TLS is already on';
  session.user = undefined;
  await connection.reply('+OK start TLS');
  await connection.startTls(options.tls);
  return '';
}

function giveUser(session: Pop3Session, words: readonly string[]): string {
  demandProtection(session);
  session.user = words.join(' ');
  return '+OK password, please';
}

function givePassword(session: Pop3Session, words: readonly string[]): Promise<string> | string {
  demandProtection(session);
  const { user } = session;
  if (user === undefined) return '-ERR USER first';
  session.user = undefined;
  return conclude(session, rightPassword(session.options, user, words.join(' ')));
}

function giveDigest(session: Pop3Session, [user = '', digest = '']: readonly string[]): Promise<string> {
  return conclude(session, rightApop(session.options, session.timestamp, user, digest));
}

async function authenticate(session: Pop3Session, [mechanism = '', initial]: readonly string[]): Promise<string> {
  const { options } = session;
  const name = mechanism.toUpperCase();
  if (name !== 'PLAIN' && !isBearer(name, options)) return '-ERR this mechanism is not known here';
  demandProtection(session);
  const message = decoded(initial ?? (await ask(session, '')));
  if (name === 'PLAIN') return conclude(session, rightPlain(options, message));
  const right = await rightBearer(options, name, message);
  // RFC 7628 section 3.2.3: the client says that it has read why, and is refused then.
  if (!right) await ask(session, BEARER_REASON);
  return conclude(session, right);
}

async function ask(session: Pop3Session, challenge: string): Promise<string> {
  await session.connection.reply(`+ ${challenge}`);
  const answer = await session.connection.line(SASL_LINE_BYTES_MAX, () => '****');
  if (answer === undefined || answer === '*') throw new Refusal('-ERR cancelled');
  return answer;
}

function decoded(text: string): Buffer {
  const message = text === '*' ? undefined : decodeBase64(text);
  if (message === undefined) throw new Refusal('-ERR this is no base64');
  return message;
}

async function conclude(session: Pop3Session, right: boolean): Promise<string> {
  if (!right) {
    session.failedSignIns += 1;
    session.closing = session.failedSignIns >= FAILED_SIGN_INS_MAX;
    return '-ERR [AUTH] wrong user or password';
  }
  await session.openMaildrop();
  return `+OK ${session.present().length} messages`;
}

function demandProtection(session: Pop3Session): void {
  if (!session.mayTakePasswords) throw new Refusal('-ERR TLS is required here; send STLS first');
}
