// Whether somebody may come in: passwords and the SASL mechanisms PLAIN and CRAM-MD5, as the server checks them.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { ServiceOptions } from './service-options.ts';

type Account = Pick<ServiceOptions, 'user' | 'password'>;

/** How many wrong passwords end a connection. */
export const FAILED_SIGN_INS_MAX = 3;

export function rightPassword(account: Account, user: string, password: string): boolean {
  return sameText(user, account.user) && sameText(password, account.password.reveal());
}

/** PLAIN (RFC 4616): authorization identity, NUL, user, NUL, password; acting for somebody else is refused. */
export function rightPlain(account: Account, message: Buffer): boolean {
  const [identity, user, password, ...more] = message.toString('utf8').split('\0');
  if (user === undefined || password === undefined || more.length > 0) return false;
  return (identity === '' || identity === user) && rightPassword(account, user, password);
}

/** CRAM-MD5 (RFC 2195): `user`, a space, and the keyed digest of the challenge. */
export function rightCramMd5(account: Account, challenge: string, message: Buffer): boolean {
  const digest = createHmac('md5', account.password.reveal()).update(challenge).digest('hex');
  return sameText(message.toString('utf8'), `${account.user} ${digest}`);
}

/** APOP (RFC 1939 section 7): the digest of the greeting's timestamp and the password. */
export function rightApop(account: Account, timestamp: string, user: string, digest: string): boolean {
  const expected = createHash('md5').update(timestamp).update(account.password.reveal()).digest('hex');
  return sameText(user, account.user) && sameText(digest, expected);
}

/** Strict base64 (RFC 4648 section 4); `=` alone is the empty text (RFC 4954 section 4). Undefined when it is neither. */
export function decodeBase64(text: string): Buffer | undefined {
  if (text === '=') return Buffer.alloc(0);
  const strict = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
  return strict ? Buffer.from(text, 'base64') : undefined;
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
