// The mechanisms that need nothing but a password: PLAIN (RFC 4616), LOGIN (as servers speak it), CRAM-MD5 (RFC 2195).
import { createHmac } from 'node:crypto';
import type { Secret } from '../../core/secret.ts';
import type { Exchange } from './exchange.ts';

export interface PasswordCredentials {
  readonly user: string;
  readonly password: Secret;
}

/** RFC 4616 section 2: no authorization identity. The password goes as it is; the caller sees to TLS. */
export function plain({ user, password }: PasswordCredentials): Exchange {
  return scripted(Buffer.from(`\0${user}\0${password.reveal()}`), []);
}

/** What the challenges say (`Username:`, `User Name`) differs from server to server; their order does not. */
export function login({ user, password }: PasswordCredentials): Exchange {
  return scripted(undefined, [() => Buffer.from(user), () => Buffer.from(password.reveal())]);
}

/** RFC 2195 section 2: the password stays here, but whoever has the answer can try passwords against it. */
export function cramMd5({ user, password }: PasswordCredentials): Exchange {
  const digest = (challenge: Buffer) => createHmac('md5', password.reveal()).update(challenge).digest('hex');
  return scripted(undefined, [challenge => Buffer.from(`${user} ${digest(challenge)}`)]);
}

/** One answer a challenge, and nothing more. */
function scripted(initial: Buffer | undefined, answers: readonly ((challenge: Buffer) => Buffer)[]): Exchange {
  let step = 0;
  return {
    initial,
    answer: challenge => answers[step++]?.(challenge),
    accepted: () => undefined,
    reason: undefined,
  };
}
