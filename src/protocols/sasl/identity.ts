// Signs an endpoint in: its credentials looked at, one mechanism chosen, and a refused access token replaced once by a fresh one.
import { AppError, MisuseError } from '../../core/errors.ts';
import type { Endpoint } from '../net/endpoint.ts';
import { type Credentials, chooseMechanism, exchangeFor, type Offer } from './choice.ts';
import { type AuthLines, authenticate, type Outcome } from './dialogue.ts';
import type { Mechanism } from './exchange.ts';

export interface SaslPeer<Verdict> {
  readonly offer: Offer;
  readonly lines: (mechanism: Mechanism) => AuthLines<Verdict>;
  /** Base64 characters that may follow the mechanism's name in one command line. */
  readonly initialCharsMax: (mechanism: Mechanism) => number;
  /** Whether the credentials were refused, and not the moment. */
  readonly isFinal: (verdict: Verdict) => boolean;
}

export interface Proof<Verdict> extends Outcome<Verdict> {
  readonly mechanism: Mechanism;
}

/** Undefined, and nothing said, when the server offers no mechanism for these credentials. */
export async function proveIdentity<Verdict>(
  endpoint: Endpoint,
  credentials: Credentials,
  peer: SaslPeer<Verdict>,
): Promise<Proof<Verdict> | undefined> {
  const mechanism = chooseMechanism('token' in credentials ? 'token' : 'password', peer.offer);
  if (mechanism === undefined) return undefined;
  const attempt = async (using: Credentials) => ({
    mechanism,
    ...(await authenticate(exchangeFor(mechanism, using, endpoint), peer.lines(mechanism), peer.initialCharsMax(mechanism))),
  });
  const first = await attempt(credentials);
  if (first.accepted || !('token' in credentials) || !peer.isFinal(first.verdict)) return first;
  const token = await endpoint.token?.(credentials.token);
  if (token === undefined || token.reveal() === credentials.token.reveal()) return first;
  return attempt({ ...credentials, token });
}

/** Throws `user-missing`, `secret-missing`, `secret-invalid`, and what the supplier of tokens throws. */
export async function credentialsOf(endpoint: Endpoint, secure: boolean): Promise<Credentials> {
  if (!secure && endpoint.tls !== 'none') throw new MisuseError('sign-in before TLS');
  const { user, password, token, name } = endpoint;
  if (user === undefined || user === '') {
    throw new AppError('user-missing', `the connection ${name} has no \`user\``, {
      hint: 'Sign-in needs a user and a password.',
    });
  }
  const credentials = token === undefined ? password && { user, password } : { user, token: await token() };
  if (credentials === undefined) {
    throw new AppError('secret-missing', `there is no password for ${user} on the connection ${name}`, {
      hint: 'Set `password` on the connection, or POSTRIDER_PASSWORD; `postrider secret set NAME` stores it.',
    });
  }
  checkText(name, 'user', user);
  if ('token' in credentials) checkText(name, 'access token', credentials.token.reveal(), /[^\x21-\x7e]/);
  else checkText(name, 'password', credentials.password.reveal());
  return credentials;
}

function checkText(name: string, what: string, text: string, forbidden = /[\r\n\0]/): void {
  if (!forbidden.test(text)) return;
  throw new AppError(
    'secret-invalid',
    `the ${what} of the connection ${name} holds a line end or another character that cannot be sent`,
    {
      hint: 'Store it again without that.',
    },
  );
}
