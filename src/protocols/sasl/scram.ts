// SCRAM-SHA-256 (RFC 5802, 7677): the password is never sent, and the server proves that it knows it, too.
//
//   client                            server
//   n,,n=USER,r=NONCE          ──►
//                              ◄──    r=NONCE+MORE,s=SALT,i=COUNT
//   c=biws,r=NONCE+MORE,p=PROOF ─►
//                              ◄──    v=SIGNATURE, or e=ERROR
//   (empty)                    ──►    accepted
import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { AppError } from '../../core/errors.ts';
import { type Random, systemRandom } from '../../core/random.ts';
import { printable, shorten } from '../../core/text.ts';
import type { Exchange } from './exchange.ts';
import type { PasswordCredentials } from './password.ts';

/** RFC 7677 section 4 asks for 4096: with fewer, a false server could try out passwords on our proof. */
export const ITERATIONS_MIN = 4_096;

/** About half a second of work; a hostile server could ask for days. */
export const ITERATIONS_MAX = 1_000_000;

const NONCE_BYTES = 18;
const HEADER = 'n,,';
const DIGEST = 'sha256';
const DIGEST_BYTES = 32;

/** Throws AppError `sign-in-unsafe` for a user or password that RFC 4013 prohibits, or a challenge that is not to be trusted. */
export function scramSha256({ user, password }: PasswordCredentials, random: Random = systemRandom): Exchange {
  const nonce = random.bytes(NONCE_BYTES).toString('base64');
  const first = `n=${prepare(user).replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;
  const secret = prepare(password.reveal());
  let signature: Buffer | undefined;
  let proven = false;
  let reason: string | undefined;
  const answer = (challenge: Buffer): Buffer | undefined => {
    const text = challenge.toString('utf8');
    if (signature !== undefined) {
      if (proven) return undefined;
      const error = /^e=([^,]*)/.exec(text)?.[1];
      if (error === undefined) checkSignature(text, signature);
      else reason = printable(shorten(error, 80));
      proven = error === undefined;
      return Buffer.alloc(0);
    }
    const final = prove({ first, nonce, secret, challenge: text });
    signature = final.signature;
    return Buffer.from(final.message);
  };
  return {
    initial: Buffer.from(HEADER + first),
    answer,
    accepted: () => {
      if (!proven) throw unproven('it accepted the sign-in without a signature');
    },
    get reason() {
      return reason;
    },
  };
}

interface Proof {
  /** client-first-message-bare. */
  readonly first: string;
  readonly nonce: string;
  readonly secret: string;
  readonly challenge: string;
}

/** RFC 5802 section 3. */
function prove({ first, nonce, secret, challenge }: Proof): { readonly message: string; readonly signature: Buffer } {
  const { serverNonce, salt, iterations } = readChallenge(challenge, nonce);
  const salted = pbkdf2Sync(secret, salt, iterations, DIGEST_BYTES, DIGEST);
  const clientKey = hmac(salted, 'Client Key');
  const withoutProof = `c=${Buffer.from(HEADER).toString('base64')},r=${serverNonce}`;
  const signed = `${first},${challenge},${withoutProof}`;
  const clientSignature = hmac(createHash(DIGEST).update(clientKey).digest(), signed);
  const proof = Buffer.from(clientKey.map((byte, at) => byte ^ (clientSignature[at] ?? 0)));
  return {
    message: `${withoutProof},p=${proof.toString('base64')}`,
    signature: hmac(hmac(salted, 'Server Key'), signed),
  };
}

function readChallenge(text: string, nonce: string) {
  const match = /^r=([!-+\x2d-~]{1,1024}),s=([A-Za-z0-9+/]{1,1024}={0,2}),i=([1-9]\d{0,9})(?:,|$)/.exec(text);
  const [, serverNonce = '', salt = '', count = ''] = match ?? [];
  if (match === null) throw unsafe('its challenge cannot be read');
  if (!serverNonce.startsWith(nonce) || serverNonce.length === nonce.length) throw unsafe('its nonce does not continue ours');
  const iterations = Number(count);
  if (iterations < ITERATIONS_MIN)
    throw unsafe(`it asks for ${iterations} iterations, and fewer than ${ITERATIONS_MIN} are not safe`);
  if (iterations > ITERATIONS_MAX) throw unsafe(`it asks for ${iterations} iterations; ${ITERATIONS_MAX} are the most`);
  return { serverNonce, salt: Buffer.from(salt, 'base64'), iterations };
}

function checkSignature(text: string, expected: Buffer): void {
  const given = Buffer.from(/^v=([A-Za-z0-9+/]{1,100}={0,2})(?:,|$)/.exec(text)?.[1] ?? '', 'base64');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw unproven('its signature is wrong');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac(DIGEST, key).update(text).digest();
}

/** SASLprep (RFC 4013) as far as it changes or refuses anything that people have in names and passwords. */
function prepare(text: string): string {
  const mapped = text
    .replace(/\u034f|[\ufe00-\ufe0f]|[\u180b-\u180d]|[\u00ad\u1806\u200b\u2060\ufeff]|\u200c|\u200d/g, '')
    .replace(/\p{Zs}/gu, ' ');
  const normal = mapped.normalize('NFKC');
  if (/[\p{Cc}\p{Cs}\p{Co}\p{Cn}\u2028\u2029\ufff9-\ufffd]/u.test(normal)) {
    throw new AppError('sign-in-unsafe', 'the user or password holds a character that SCRAM does not allow', {
      hint: 'Control characters and the like do not belong there; store the secret again.',
    });
  }
  return normal;
}

function unsafe(why: string): AppError {
  return new AppError('sign-in-unsafe', `the server’s part of SCRAM-SHA-256 is not to be trusted: ${why}`, {
    hint: 'No proof of the password was sent. If this is the right server, its operator has to mend it.',
  });
}

function unproven(why: string): AppError {
  return new AppError('server-unproven', `the server did not prove that it knows the password: ${why}`, {
    hint: 'Somebody may stand between you and the server; check host, port and certificate.',
  });
}
