// Which mechanism proves who we are: one, the best that both sides know; a refusal is never followed by a weaker one.
import type { Random } from '../../core/random.ts';
import type { Secret } from '../../core/secret.ts';
import { oauthBearer, xoauth2 } from './bearer.ts';
import type { Exchange, Mechanism, PasswordMechanism, TokenMechanism } from './exchange.ts';
import { cramMd5, login, type PasswordCredentials, plain } from './password.ts';
import { scramSha256 } from './scram.ts';

/** CRAM-MD5 makes the server keep the password in clear, and many that offer it cannot do it: under TLS it comes last. */
const RANK_SECURE: readonly PasswordMechanism[] = ['SCRAM-SHA-256', 'PLAIN', 'LOGIN', 'CRAM-MD5'];
const RANK_CLEAR: readonly PasswordMechanism[] = ['SCRAM-SHA-256', 'CRAM-MD5', 'PLAIN', 'LOGIN'];
const RANK_TOKEN: readonly TokenMechanism[] = ['OAUTHBEARER', 'XOAUTH2'];

export type Credentials = PasswordCredentials | { readonly user: string; readonly token: Secret };

export interface Offer {
  /** Upper case, as the server told them. */
  readonly mechanisms: Iterable<string>;
  /** Whether TLS stands. */
  readonly secure: boolean;
}

/** Undefined when the server offers none that fits. */
export function chooseMechanism(kind: 'password' | 'token', { mechanisms, secure }: Offer): Mechanism | undefined {
  const offered = new Set(mechanisms);
  const rank: readonly Mechanism[] = kind === 'token' ? RANK_TOKEN : secure ? RANK_SECURE : RANK_CLEAR;
  return rank.find(mechanism => offered.has(mechanism));
}

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** `mechanism` comes from chooseMechanism() for the same kind of credentials. */
export function exchangeFor(mechanism: Mechanism, credentials: Credentials, place: Place, random?: Random): Exchange {
  if ('token' in credentials) {
    const bearer = { ...credentials, host: place.host, port: place.port };
    return mechanism === 'XOAUTH2' ? xoauth2(bearer) : oauthBearer(bearer);
  }
  switch (mechanism) {
    case 'SCRAM-SHA-256':
      return scramSha256(credentials, random);
    case 'LOGIN':
      return login(credentials);
    case 'CRAM-MD5':
      return cramMd5(credentials);
    default:
      return plain(credentials);
  }
}
