// From the greeting to a session that can work: TLS, sign-in, protection, features, names, binary (RFC 959, 2228, 2389, 2640, 4217).
import { AppError, BrokenSessionError, CancelledError, RefusedError } from '../../core/errors.ts';
import type { Secret } from '../../core/secret.ts';
import type { Endpoint } from '../net/endpoint.ts';
import type { Reply } from '../wire/reply.ts';
import { orTlsWanted } from '../wire/tls-wanted.ts';
import { isOutOfStep } from './channel.ts';
import type { Charset } from './charset.ts';
import type { FtpControl } from './control.ts';
import { crowded, isPositive, refused, replyText, signInRefused, unexpectedReply } from './errors.ts';
import { type FtpFeatures, parseFeatures } from './features.ts';
import { UNHEARD_MS } from './limits.ts';
import { sendable } from './paths.ts';

export interface SignedIn {
  readonly greeting: string;
  readonly features: FtpFeatures;
}

/**
 * Throws, and never continues in clear text, when TLS was asked for and is not to be had. `alongside` may let commands ride that leave with
 * the settings.
 */
export async function signIn(
  control: FtpControl,
  endpoint: Endpoint,
  charset: Charset,
  alongside: () => void = () => undefined,
): Promise<SignedIn> {
  try {
    const greeting = await greet(control);
    if (endpoint.tls === 'explicit') await startTls(control);
    const admitted = await identify(control, endpoint);
    const features = await settings(control, endpoint, admitted, alongside);
    // A server that does not know it goes on as before: nobody waits for the answer.
    if (features.utf8 && charset.name === 'utf-8') void control.ride('OPTS UTF8 ON');
    return { greeting, features };
  } catch (error) {
    const { farewell, where } = control;
    const why = farewell === undefined || error instanceof CancelledError ? error : signInRefused(where, 'sign-in', farewell);
    throw endpoint.tls === 'none' ? orTlsWanted(why) : why;
  }
}

async function greet(control: FtpControl): Promise<string> {
  const reply = await control.greeting();
  if (reply.code === 220) {
    const banner = reply.lines.join('\n');
    control.trust.greeted(banner);
    return banner;
  }
  if (reply.code < 400) throw unexpectedReply(control.where, 'connection', reply);
  throw reply.code < 500 ? crowded(control.where, 'connection', reply) : signInRefused(control.where, 'connection', reply);
}

async function startTls(control: FtpControl): Promise<void> {
  const reply = await control.exchange('AUTH TLS');
  if (reply.code === 234) return control.startTls();
  throw new AppError('tls-refused', `${control.where} refused AUTH TLS: ${replyText(reply)}`, {
    retry: reply.code < 500 && reply.code >= 400 ? 'later' : 'never',
    hint: 'Use `tls: implicit` if the server has its own port for TLS; `tls: none` sends the password in clear text.',
  });
}

const ANONYMOUS = 'anonymous';
const ANONYMOUS_PASSWORD = 'postrider@';

/** What is still to come of a sign-in that goes on with the next command. May be left alone. */
interface Admission {
  readonly admitted: Promise<void>;
}

/** USER, and PASS with the next command. Whether a password is wanted is waited for, unless the server is known to want one. */
async function identify(control: FtpControl, endpoint: Endpoint): Promise<Admission> {
  const user = endpoint.user ?? ANONYMOUS;
  const line = `USER ${sendable(user)}`;
  const asked = control.trust.asksPassword ? control.ride(line) : undefined;
  if (asked === undefined && isInAlready(control, line, await control.exchange(line))) return { admitted: Promise.resolve() };
  const answered = control.ride(passLine(endpoint, user), { shown: MASKED });
  const admitted = admission(control, line, asked, answered);
  admitted.catch(() => undefined);
  if (!control.trust.given) await control.flush();
  return { admitted };
}

async function admission(
  control: FtpControl,
  line: string,
  asked: Promise<Reply> | undefined,
  answered: Promise<Reply>,
): Promise<void> {
  const isIn = asked !== undefined && isInAlready(control, line, await asked);
  const answer = await answered;
  if (isIn) return;
  if (control.trust.given && MISPLACED.has(answer.code)) throw outOfOrder(control, MASKED, answer);
  assertAdmitted(control, line, answer);
  control.trust.askedPassword();
}

/** What no server answers PASS with, but FEAT, PBSZ, PROT or TYPE: those that work on several commands at once answer the quickest first. */
const MISPLACED = new Set([200, 211, 500, 502, 504]);

/** The next session sends one command at a time. */
function outOfOrder({ where, trust }: FtpControl, command: string, answer: Reply): BrokenSessionError {
  trust.lose();
  return new BrokenSessionError('protocol-unexpected', `${where} answered "${command}" with ${replyText(answer)}`);
}

/** True when no password is wanted. */
function isInAlready(control: FtpControl, line: string, reply: Reply): boolean {
  if (reply.code === 230 || reply.code === 232) return true;
  if (reply.code === 332) throw refused(control.where, line, reply, ACCOUNT);
  if (reply.code === 331) return false;
  throw reply.code >= 400 ? userRefused(control, line, line, reply) : unexpectedReply(control.where, line, reply);
}

function assertAdmitted(control: FtpControl, user: string, answer: Reply): void {
  if (answer.code === 332) throw refused(control.where, MASKED, answer, ACCOUNT);
  if (!isPositive(answer)) throw userRefused(control, user, MASKED, answer);
}

/** `user` is the command that said who signs in. */
function userRefused({ where }: FtpControl, user: string, command: string, reply: Reply): RefusedError {
  return user === `USER ${ANONYMOUS}` ? signInRefused(where, command, reply, NOBODY) : signInRefused(where, command, reply);
}

const NOBODY = 'It lets nobody in without a name: add the user, in a URL ftp://USER@host/.';

const MASKED = 'PASS ****';
const ACCOUNT = {
  code: 'account-required',
  retry: 'never',
  hint: 'The server wants an account (ACCT), which postrider does not support.',
} as const;

function passLine(endpoint: Endpoint, user: string): string {
  const password: Secret | undefined = endpoint.password;
  if (password === undefined) {
    if (user === ANONYMOUS || user === 'ftp') return `PASS ${ANONYMOUS_PASSWORD}`;
    throw new AppError('secret-missing', `connection "${endpoint.name}" has no password for user ${user}`, {
      hint: 'Write `password: "${{ secrets.NAME }}"` on the connection and store it with `postrider secret set NAME`.',
    });
  }
  if (/[\r\n\0]/.test(password.reveal())) {
    throw new AppError('secret-unusable', `the password of connection "${endpoint.name}" holds a line end or NUL`, {
      hint: 'Store it again without the line end: a file often has one at its end.',
    });
  }
  return `PASS ${password.reveal()}`;
}

/** Everything a signed-in session needs, in one segment where the server bears it. */
async function settings(
  control: FtpControl,
  endpoint: Endpoint,
  { admitted }: Admission,
  alongside: () => void,
): Promise<FtpFeatures> {
  if (!control.trust.given) await admitted;
  const secured = endpoint.tls === 'none' ? undefined : protect(control, endpoint.protection ?? 'private');
  const features = control.ride('FEAT');
  alongside();
  const answered = control.exchange('TYPE I');
  answered.catch(() => undefined);
  await admitted.catch(refusal => explain(control, endpoint, features, refusal));
  const binary = await answered;
  await secured;
  if (!isPositive(binary)) throw unexpectedReply(control.where, 'TYPE I', binary);
  return parseFeatures(await features);
}

/**
 * Some servers take all that comes in one packet for one command, and refuse a password that goes on with the next lines: what follows it
 * then has no answer. Throws `refusal`, or that silence.
 */
async function explain(control: FtpControl, { timeoutMs }: Endpoint, next: Promise<Reply>, refusal: unknown): Promise<never> {
  if (refusal instanceof RefusedError && control.trust.given) {
    await control.within('what follows PASS', next, Math.min(UNHEARD_MS, timeoutMs)).catch(error => {
      if (error instanceof BrokenSessionError && error.code === 'timed-out' && !control.trust.given) throw error;
    });
  }
  throw refusal;
}

/** PBSZ must come first though it means nothing under TLS (RFC 4217 section 9). Its promise may be left alone. */
function protect(control: FtpControl, protection: 'private' | 'control'): Promise<void> {
  void control.ride('PBSZ 0');
  const line = protection === 'private' ? 'PROT P' : 'PROT C';
  const checked = control.ride(line).then(reply => {
    if (isPositive(reply)) return;
    if (control.trust.given && isOutOfStep(reply)) throw outOfOrder(control, line, reply);
    throw refused(control.where, line, reply, {
      code: 'protection-refused',
      hint:
        protection === 'private'
          ? 'The server cannot encrypt files; `protection: control` sends them in clear text.'
          : 'The server insists on encrypted files; remove `protection: control`.',
    });
  });
  checked.catch(() => undefined);
  return checked;
}
