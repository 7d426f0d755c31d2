// What an FTP server's no means: a stable code, whether trying again can help, and what to do (RFC 959 section 4.2, RFC 4217).
import { type AppError, BrokenSessionError, RefusedError, type RetryClass } from '../../core/errors.ts';
import { printable, shorten } from '../../core/text.ts';
import type { Reply } from '../wire/reply.ts';

type Meaning = readonly [code: string, retry: RetryClass, hint: string];

const MEANINGS: Readonly<Record<number, Meaning>> = {
  425: ['data-not-opened', 'reconnect', 'The data connection failed: check firewalls, passive ports, and TLS session reuse.'],
  426: ['transfer-cut', 'reconnect', 'The server lost the data connection; trying again usually helps.'],
  450: ['path-busy', 'later', 'Somebody else uses that file; try again later.'],
  452: ['server-full', 'later', 'Free some space on the server or raise the quota.'],
  500: ['command-unsupported', 'never', 'The server does not know this command.'],
  501: ['argument-refused', 'never', 'The server does not accept this name or value.'],
  502: ['command-unsupported', 'never', 'The server does not offer this command.'],
  504: ['argument-refused', 'never', 'The server does not offer this command with this value.'],
  521: ['protection-refused', 'never', 'Check `protection` on the connection.'],
  522: [
    'data-tls-refused',
    'reconnect',
    'The server wants TLS on data connections, resumed from this session; check `protection`.',
  ],
  530: ['sign-in-refused', 'never', 'Check user and password, and what that user may do.'],
  532: ['account-required', 'never', 'The server wants an account (ACCT), which postrider does not support.'],
  533: ['protection-refused', 'never', 'Check `protection` on the connection.'],
  534: ['protection-refused', 'never', 'Check `protection` on the connection.'],
  536: ['protection-refused', 'never', 'Check `protection` on the connection.'],
  550: ['path-refused', 'never', 'Check that the path exists and that the user may do this there.'],
  552: ['server-full', 'never', 'Free some space on the server or raise the quota.'],
  553: ['name-refused', 'never', 'The server does not allow this name or this folder.'],
};

const TRANSIENT: Meaning = ['server-busy', 'later', 'The server has a temporary problem; try again later.'];
const PERMANENT: Meaning = ['server-refused', 'never', 'See the server’s own words.'];

export function isPositive(reply: Reply): boolean {
  return reply.code >= 200 && reply.code < 300;
}

/** The server does not know the command at all, or not in this form. */
export function isUnsupported(reply: Reply): boolean {
  return reply.code >= 500 && reply.code <= 504;
}

/** `550 No such file.`: safe for a terminal, short enough for a line. */
export function replyText(reply: Reply): string {
  const text = reply.lines
    .map(line => line.trim())
    .filter(line => line !== '')
    .join(' / ');
  return shorten(printable(`${reply.code} ${readable(text)}`.trim()), 400);
}

/** Stray bytes, which the charset keeps as lone surrogates, shown as Latin-1. */
export function readable(text: string): string {
  return text.replace(/[\udc80-\udcff]/g, char => String.fromCharCode(char.charCodeAt(0) - 0xdc00));
}

/** `code` replaces the meaning of the reply code where the place knows better. */
export function refused(
  where: string,
  command: string,
  reply: Reply,
  better: { readonly code?: string; readonly hint?: string; readonly retry?: RetryClass; readonly what?: string } = {},
): RefusedError {
  const [code, retry, hint] = MEANINGS[reply.code] ?? (reply.code < 500 ? TRANSIENT : PERMANENT);
  const shown = printable(readable(command));
  return new RefusedError(
    better.code ?? code,
    `${where} refused ${better.what ?? `"${shorten(shown, 300)}"`}: ${replyText(reply)}`,
    { command: shown, replyCode: String(reply.code), replyText: replyText(reply).slice(4) },
    { retry: better.retry ?? retry, hint: better.hint ?? hint },
  );
}

/** The server answered yes, but not the yes that the command needs (331 to CWD, 200 to RNFR). */
export function unexpectedReply(where: string, command: string, reply: Reply): AppError {
  return reply.code >= 400
    ? refused(where, command, reply)
    : refused(where, command, reply, {
        code: 'protocol-unexpected',
        retry: 'never',
        hint: 'The server breaks the rules of FTP here.',
      });
}

/** Refusals that mean "not now, not so many" (texts collected by lftp: no code distinguishes them from a wrong password). */
const CROWDED =
  /too many|no more connections|overloaded|try (again|back )?later|try again|maximum number|number of connect|only.*session.*allowed|more connection|already connected|simultaneous|connection limit|temporarily/i;

/** A refused sign-in: never again with these credentials, unless the server is only full. */
export function signInRefused(where: string, command: string, reply: Reply, hint: string = CHECK_SIGN_IN): RefusedError {
  if (reply.code === 421 || CROWDED.test(reply.lines.join(' '))) return crowded(where, command, reply);
  if (reply.code < 500) return refused(where, command, reply);
  return refused(where, command, reply, {
    code: 'sign-in-refused',
    retry: 'never',
    what: 'the sign-in',
    hint,
  });
}

const CHECK_SIGN_IN = 'Check user and password; `postrider secret check JOB` shows where the password comes from.';

/** The server turned us away at the door. */
export function crowded(where: string, command: string, reply: Reply): RefusedError {
  return refused(where, command, reply, {
    code: 'too-many-connections',
    retry: 'later',
    hint: 'The server limits its connections; lower `max-connections` or try again later.',
  });
}

/** 421 in the middle of a session: whatever ran did not finish. */
export function serverClosing(where: string, reply: Reply): BrokenSessionError {
  if (CROWDED.test(reply.lines.join(' ')))
    return new BrokenSessionError('too-many-connections', `${where} ended the session: ${replyText(reply)}`, {
      hint: 'The server limits its connections; lower `max-connections` or try again later.',
    });
  return new BrokenSessionError('server-closing', `${where} ended the session: ${replyText(reply)}`, {
    hint: 'The server closes idle or surplus sessions; a new connection usually helps.',
  });
}
