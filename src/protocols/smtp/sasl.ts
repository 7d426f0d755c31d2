// The sign-in mechanisms as pure functions: which to use, what to answer (RFC 4616 PLAIN, RFC 2195 CRAM-MD5, LOGIN as servers speak it).
import { createHmac } from 'node:crypto';
import type { Secret } from '../../core/secret.ts';

export type Mechanism = 'PLAIN' | 'LOGIN' | 'CRAM-MD5';

export interface Credentials {
  readonly user: string;
  readonly password: Secret;
}

/** Under TLS the simplest that every server means well; in clear text first the one that does not show the password. */
const RANK_SECURE: readonly Mechanism[] = ['PLAIN', 'LOGIN', 'CRAM-MD5'];
const RANK_CLEAR: readonly Mechanism[] = ['CRAM-MD5', 'PLAIN', 'LOGIN'];

/** AUTH lines keep to 512 octets with CRLF; what is longer waits for the challenge (RFC 4954 section 4). */
const INITIAL_BYTES_MAX = 500;

/** A challenge is short; a longer one is no challenge. */
const CHALLENGE_CHARS_MAX = 4_096;

export function chooseMechanism(offered: ReadonlySet<string>, secure: boolean): Mechanism | undefined {
  return (secure ? RANK_SECURE : RANK_CLEAR).find(mechanism => offered.has(mechanism));
}

/** What AUTH itself carries, in base64. */
export function initialResponse(mechanism: Mechanism, credentials: Credentials): string | undefined {
  if (mechanism !== 'PLAIN') return undefined;
  const response = plain(credentials);
  return response.length <= INITIAL_BYTES_MAX ? response : undefined;
}

/** The answer to the challenge number `step` (0 first), in base64; undefined when the mechanism has no more to say. */
export function respond(mechanism: Mechanism, credentials: Credentials, step: number, challenge: string): string | undefined {
  if (challenge.length > CHALLENGE_CHARS_MAX) return undefined;
  const { user, password } = credentials;
  switch (mechanism) {
    case 'PLAIN':
      return step === 0 && initialResponse(mechanism, credentials) === undefined ? plain(credentials) : undefined;
    case 'LOGIN':
      if (step > 1) return undefined;
      return base64(step === 0 ? user : password.reveal());
    case 'CRAM-MD5': {
      if (step > 0) return undefined;
      const digest = createHmac('md5', password.reveal()).update(Buffer.from(challenge, 'base64')).digest('hex');
      return base64(`${user} ${digest}`);
    }
  }
}

function plain({ user, password }: Credentials): string {
  return base64(`\0${user}\0${password.reveal()}`);
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
