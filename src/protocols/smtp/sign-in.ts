// Signs in (RFC 4954): the lines of AUTH for the shared SASL mechanisms, and clear words when it did not work.
import { AppError } from '../../core/errors.ts';
import type { Endpoint } from '../net/endpoint.ts';
import { type AuthLines, credentialsOf, type Mechanism, proveIdentity } from '../sasl/index.ts';
import type { Reply } from '../wire/reply.ts';
import { orTlsWanted, tlsRequired } from '../wire/tls-wanted.ts';
import type { Conversation } from './conversation.ts';
import { refused, verdictOf } from './status.ts';

/** AUTH lines keep to 512 octets with CRLF; what is longer waits for the challenge (RFC 4954 section 4). */
const AUTH_LINE_BYTES_MAX = 512;

/** Goes on in clear text only where the user wrote `tls: none`. */
export async function signIn(talk: Conversation, endpoint: Endpoint): Promise<void> {
  const { secure } = talk.transport;
  const credentials = await credentialsOf(endpoint, secure);
  const proof = await proveIdentity<Reply>(endpoint, credentials, {
    offer: { mechanisms: talk.session.extensions.auth, secure },
    lines: mechanism => authLines(talk, mechanism),
    initialCharsMax: mechanism => AUTH_LINE_BYTES_MAX - `AUTH ${mechanism} \r\n`.length,
    isFinal: reply => verdictOf(reply) !== 'deferred',
  });
  if (proof === undefined) throw notOffered(talk, secure);
  if (proof.accepted) return;
  const why = signInRefused(talk, proof.mechanism, credentials.user, proof.verdict, proof.reason);
  throw secure ? why : orTlsWanted(why);
}

function authLines(talk: Conversation, mechanism: Mechanism): AuthLines<Reply> {
  const turn = ({ reply }: { readonly reply: Reply }) =>
    reply.code === 334 ? { challenge: (reply.lines[0] ?? '').trim() } : { accepted: reply.code === 235, verdict: reply };
  return {
    auth: async initial =>
      turn(await talk.ask({ verb: 'AUTH', mechanism, ...(initial === undefined ? {} : { initial: initial.reveal() }) })),
    respond: async answer => turn(await talk.ask({ verb: 'RESPONSE', text: answer?.reveal() ?? '*' })),
  };
}

function notOffered(talk: Conversation, secure: boolean): AppError {
  const { auth, startTls } = talk.session.extensions;
  if (auth.size > 0) {
    return new AppError('sign-in-unsupported', `${talk.where} offers no way to sign in that we know: ${[...auth].join(', ')}`, {
      hint: 'postrider knows SCRAM-SHA-256, PLAIN, LOGIN and CRAM-MD5 for passwords, OAUTHBEARER and XOAUTH2 for OAuth 2.',
    });
  }
  if (startTls && !secure) return tlsRequired(talk.where);
  return new AppError('sign-in-unsupported', `${talk.where} offers no sign-in, but the connection names a user`, {
    hint: 'Take `user` off the connection, or use the port for submission (587 with `tls: explicit`, 465 with `tls: implicit`).',
  });
}

function signInRefused(
  talk: Conversation,
  mechanism: Mechanism,
  user: string,
  reply: Reply,
  reason: string | undefined,
): AppError {
  const what = `${talk.where} refused the sign-in of ${user}${reason === undefined ? '' : ` (${reason})`}`;
  const command = `AUTH ${mechanism}`;
  if (verdictOf(reply) === 'deferred') {
    return refused('sign-in-deferred', what, command, reply, {
      hint: 'The server cannot check passwords just now; try again later.',
    });
  }
  return refused('sign-in-refused', what, command, reply, {
    hint: 'Check `user` and the password secret; many providers want an app password here.',
  });
}
