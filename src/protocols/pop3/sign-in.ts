// Proves who we are: APOP in clear text where the server offers it, else SASL (RFC 5034), else USER and PASS.
import { createHash } from 'node:crypto';
import { AppError, BrokenSessionError, RefusedError } from '../../core/errors.ts';
import type { Secret } from '../../core/secret.ts';
import type { Endpoint } from '../net/endpoint.ts';
import { type AuthLines, type Credentials, credentialsOf, type Mechanism, proveIdentity, type Turn } from '../sasl/index.ts';
import { orTlsWanted, tlsRequired } from '../wire/tls-wanted.ts';
import type { Capabilities } from './capabilities.ts';
import type { Conversation } from './conversation.ts';
import { AUTH_LINE_BYTES_MAX } from './limits.ts';
import { withReason } from './refusal.ts';

export interface SignIn {
  readonly endpoint: Endpoint;
  readonly capabilities: Capabilities;
  /** The text of the greeting. */
  readonly banner: string;
}

/** One try with one mechanism: a refusal is never followed by a weaker one, but that of APOP. */
export async function signIn(talk: Conversation, how: SignIn): Promise<void> {
  try {
    await proveWhoWeAre(talk, how);
  } catch (error) {
    throw talk.secure ? error : orTlsWanted(error);
  }
}

async function proveWhoWeAre(talk: Conversation, how: SignIn): Promise<void> {
  const { endpoint, capabilities, banner } = how;
  const credentials = await credentialsOf(endpoint, talk.secure);
  const timestamp = endpoint.tls === 'none' ? apopTimestamp(banner) : undefined;
  if ('password' in credentials && timestamp !== undefined && !capabilities.sasl.includes('SCRAM-SHA-256')) {
    const refusal = await apop(talk, credentials.user, credentials.password, timestamp);
    if (refusal === undefined) return;
    // solid-pop3d hangs up after it: then that is what it had to say.
    return byOtherMeans(talk, how, credentials).catch(error => {
      throw error instanceof BrokenSessionError && error.code === 'connection-cut' ? refusal : error;
    });
  }
  return byOtherMeans(talk, how, credentials);
}

/** SASL, else USER and PASS. */
async function byOtherMeans(talk: Conversation, { endpoint, capabilities }: SignIn, credentials: Credentials): Promise<void> {
  const offered = capabilities.sasl;
  const proof = await proveIdentity<RefusedError | undefined>(endpoint, credentials, {
    offer: { mechanisms: offered, secure: talk.secure },
    lines: mechanism => authLines(talk, mechanism),
    initialCharsMax: mechanism => AUTH_LINE_BYTES_MAX - `AUTH ${mechanism} \r\n`.length,
    isFinal: refused => refused?.retry === 'never',
  });
  if (proof?.accepted === false) throw withReason(proof.verdict ?? brokenOff(talk), proof.reason);
  if (proof !== undefined) return;
  if ('token' in credentials) throw capabilities.stls && !talk.secure ? tlsRequired(talk.where) : tokenUnsupported(talk, offered);
  await talk.send({ verb: 'USER', name: credentials.user });
  await talk.reply('USER', 'sign-in');
  await talk.send({ verb: 'PASS', password: credentials.password });
  await talk.reply('PASS', 'sign-in');
}

/**
 * The timestamp of RFC 1939 section 7 when it is a true msg-id in ASCII. Anything looser lets a man in the middle learn the
 * password's letters from chosen challenges (CVE-2007-1558).
 */
export function apopTimestamp(banner: string): string | undefined {
  return /<[!-;=?A-~]{1,200}@[!-;=?A-~]{1,200}>/.exec(banner)?.[0];
}

/**
 * Gives the refusal of the digest. Cyrus and GNU Mailutils greet with a timestamp also when they keep no password that a digest could
 * be checked by (PAM). The password may go in clear, by `tls: none`, and would without that timestamp: there is nothing to be protected.
 */
async function apop(talk: Conversation, name: string, password: Secret, timestamp: string): Promise<RefusedError | undefined> {
  const digest = createHash('md5').update(timestamp).update(password.reveal(), 'utf8').digest('hex');
  await talk.send({ verb: 'APOP', name, digest });
  try {
    await talk.reply('APOP', 'sign-in');
    return undefined;
  } catch (error) {
    if (error instanceof RefusedError && error.code === 'sign-in-refused') return error;
    throw error;
  }
}

/** The verdict is the refusal, if it is one. */
function authLines(talk: Conversation, mechanism: Mechanism): AuthLines<RefusedError | undefined> {
  const turn = async (): Promise<Turn<RefusedError | undefined>> => {
    const event = await talk.event('AUTH');
    if (event.type === 'challenge') return { challenge: event.text };
    if (event.type !== 'reply') throw talk.fail(brokenOff(talk));
    try {
      talk.accept(event.response, 'sign-in');
      return { accepted: true, verdict: undefined };
    } catch (error) {
      return { accepted: false, verdict: error as RefusedError };
    }
  };
  return {
    auth: async initial => {
      await talk.send({ verb: 'AUTH', mechanism, ...(initial === undefined ? {} : { initial }) });
      return turn();
    },
    respond: async answer => {
      await talk.respond(answer);
      return turn();
    },
  };
}

function brokenOff(talk: Conversation): AppError {
  return new AppError('protocol-broken', `${talk.where} broke off the sign-in`);
}

function tokenUnsupported(talk: Conversation, offered: readonly string[]): AppError {
  return new AppError(
    'sign-in-unsupported',
    `${talk.where} takes no OAuth 2 tokens (OAUTHBEARER, XOAUTH2); it offers ${offered.join(', ') || 'no SASL at all'}`,
    {
      hint: 'Take `oauth2` off the connection and sign in with `password`, if the server allows that.',
    },
  );
}
