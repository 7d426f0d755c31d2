// Proves who we are: APOP in clear text where the server offers it, else AUTH PLAIN, else USER and PASS.
import { createHash } from 'node:crypto';
import { AppError } from '../../core/errors.ts';
import { Secret } from '../../core/secret.ts';
import type { Endpoint } from '../net/endpoint.ts';
import type { Capabilities } from './capabilities.ts';
import type { Conversation } from './conversation.ts';
import { AUTH_LINE_BYTES_MAX } from './limits.ts';

export interface SignIn {
  readonly endpoint: Endpoint;
  readonly capabilities: Capabilities;
  /** The text of the greeting. */
  readonly banner: string;
}

/** One try with one mechanism: a refusal is never followed by a weaker one. */
export async function signIn(talk: Conversation, { endpoint, capabilities, banner }: SignIn): Promise<void> {
  const { user, password } = credentials(endpoint);
  const timestamp = endpoint.tls === 'none' ? apopTimestamp(banner) : undefined;
  if (timestamp !== undefined) return apop(talk, user, password, timestamp);
  if (capabilities.sasl.includes('PLAIN')) return plain(talk, user, password);
  await talk.send({ verb: 'USER', name: user });
  await talk.reply('USER', 'sign-in');
  await talk.send({ verb: 'PASS', password });
  await talk.reply('PASS', 'sign-in');
}

/**
 * The timestamp of RFC 1939 section 7 when it is a true msg-id in ASCII. Anything looser lets a man in the middle learn the
 * password's letters from chosen challenges (CVE-2007-1558).
 */
export function apopTimestamp(banner: string): string | undefined {
  return /<[!-;=?A-~]{1,200}@[!-;=?A-~]{1,200}>/.exec(banner)?.[0];
}

async function apop(talk: Conversation, name: string, password: Secret, timestamp: string): Promise<void> {
  const digest = createHash('md5').update(timestamp).update(password.reveal(), 'utf8').digest('hex');
  await talk.send({ verb: 'APOP', name, digest });
  await talk.reply('APOP', 'sign-in');
}

/** RFC 4616, with the initial response only where the line stays short enough (RFC 5034 section 4). */
async function plain(talk: Conversation, user: string, password: Secret): Promise<void> {
  const response = new Secret(Buffer.from(`\0${user}\0${password.reveal()}`, 'utf8').toString('base64'));
  const fits = 'AUTH PLAIN '.length + response.reveal().length + 2 <= AUTH_LINE_BYTES_MAX;
  await talk.send({ verb: 'AUTH', mechanism: 'PLAIN', ...(fits ? { initial: response } : {}) });
  let answered = fits;
  for (;;) {
    const event = await talk.event('AUTH');
    if (event.type === 'reply') {
      talk.accept(event.response, 'sign-in');
      return;
    }
    if (event.type !== 'challenge') throw talk.fail(new AppError('protocol-broken', 'the server broke off the sign-in'));
    await talk.respond(answered ? undefined : response);
    answered = true;
  }
}

function credentials(endpoint: Endpoint): { readonly user: string; readonly password: Secret } {
  const { user, password, name } = endpoint;
  if (user === undefined || user === '') {
    throw new AppError('user-missing', `the connection ${name} has no \`user\``, { hint: 'POP3 needs a user and a password.' });
  }
  if (password === undefined) {
    throw new AppError('secret-missing', `there is no password for ${user} on the connection ${name}`, {
      hint: 'Set `password` on the connection, or POSTRIDER_PASSWORD.',
    });
  }
  for (const [what, value] of [['user', user] as const, ['password', password.reveal()] as const]) {
    if (/[\r\n\0]/.test(value)) {
      throw new AppError('secret-invalid', `the ${what} of the connection ${name} holds a line end or NUL`, {
        hint: 'Store it again without the line end.',
      });
    }
  }
  return { user, password };
}
