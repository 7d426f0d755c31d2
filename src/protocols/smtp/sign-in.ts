// Signs in (RFC 4954): picks the mechanism, answers the challenges, says in clear words why it did not work.
import { AppError } from '../../core/errors.ts';
import type { Reply } from '../wire/reply.ts';
import type { Conversation } from './conversation.ts';
import { type Credentials, chooseMechanism, initialResponse, type Mechanism, respond } from './sasl.ts';
import { enhancedCode, refused, verdictOf } from './status.ts';

/** No mechanism of ours takes more. */
const CHALLENGES_MAX = 3;

/** `secure` is false only where the user wrote `tls: none`. */
export async function signIn(talk: Conversation, credentials: Credentials, secure: boolean): Promise<void> {
  const { auth } = talk.session.extensions;
  const mechanism = chooseMechanism(auth, secure);
  if (mechanism === undefined) throw notOffered(talk, secure);
  if (`${credentials.user}${credentials.password.reveal()}`.includes('\0')) {
    throw new AppError('sign-in-refused', `the user or password for ${talk.where} holds a NUL character`, {
      hint: 'Store the secret again without it.',
    });
  }
  const initial = initialResponse(mechanism, credentials);
  let { reply } = await talk.ask({ verb: 'AUTH', mechanism, ...(initial === undefined ? {} : { initial }) });
  for (let step = 0; reply.code === 334; step++) {
    const answer = step < CHALLENGES_MAX ? respond(mechanism, credentials, step, (reply.lines[0] ?? '').trim()) : undefined;
    reply = (await talk.ask({ verb: 'RESPONSE', text: answer ?? '*' })).reply;
    if (answer === undefined) break;
  }
  if (reply.code !== 235) throw signInRefused(talk, mechanism, credentials.user, reply);
}

function notOffered(talk: Conversation, secure: boolean): AppError {
  const { auth, startTls } = talk.session.extensions;
  if (auth.size > 0) {
    return new AppError('sign-in-unsupported', `${talk.where} offers no way to sign in that we know: ${[...auth].join(', ')}`, {
      hint: 'postrider knows PLAIN, LOGIN and CRAM-MD5; ask the server’s operator to allow one of them.',
    });
  }
  return new AppError('sign-in-unsupported', `${talk.where} offers no sign-in, but the connection names a user`, {
    hint:
      startTls && !secure
        ? 'The server wants TLS first: write `tls: explicit` on the connection.'
        : 'Take `user` off the connection, or use the port for submission (587 with `tls: explicit`, 465 with `tls: implicit`).',
  });
}

function signInRefused(talk: Conversation, mechanism: Mechanism, user: string, reply: Reply): AppError {
  const what = `${talk.where} refused the sign-in of ${user}`;
  const command = `AUTH ${mechanism}`;
  if (verdictOf(reply) === 'deferred') {
    return refused('sign-in-deferred', what, command, reply, {
      hint: 'The server cannot check passwords just now; try again later.',
    });
  }
  if (reply.code === 538 || enhancedCode(reply) === '5.7.11') {
    return refused('sign-in-refused', what, command, reply, { hint: 'The server wants TLS first: write `tls: explicit`.' });
  }
  return refused('sign-in-refused', what, command, reply, {
    hint: 'Check `user` and the password secret; many providers want an app password here.',
  });
}
