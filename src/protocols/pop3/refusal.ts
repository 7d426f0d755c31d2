// What a -ERR means for us: the response code decides whether trying again can help (RFC 2449 section 8, RFC 3206), never the text.
import { type AppError, RefusedError, type RetryClass } from '../../core/errors.ts';
import { printable, shorten } from '../../core/text.ts';
import type { Response } from './response.ts';

interface Meaning {
  readonly code: string;
  readonly retry: RetryClass;
  readonly hint?: string;
}

const CODED: Readonly<Record<string, Meaning>> = {
  'IN-USE': {
    code: 'mailbox-in-use',
    retry: 'later',
    hint: 'Another program has this mailbox open; POP3 allows one at a time.',
  },
  'LOGIN-DELAY': {
    code: 'login-delay',
    retry: 'later',
    hint: 'The server wants more time between sign-ins; run less often or raise `retry.delay`.',
  },
  'SYS/TEMP': {
    code: 'server-busy',
    retry: 'later',
    hint: 'The server has a passing problem; trying again later usually helps.',
  },
  'SYS/PERM': { code: 'server-refused', retry: 'never', hint: 'The server says that only its administrator can solve this.' },
  AUTH: { code: 'sign-in-refused', retry: 'never', hint: 'Check `user` and the password of this connection.' },
};

const SIGN_IN: Meaning = {
  code: 'sign-in-refused',
  retry: 'never',
  hint:
    'Check `user` and the password of this connection; some providers want an app password or have POP3 switched off, and some servers ' +
    'say no more when another program has the mailbox open.',
};

/** What the refused exchange was for: it gives a refusal without a response code its meaning. */
export type Purpose = 'greeting' | 'sign-in' | 'command' | 'quit';

const UNCODED: Readonly<Record<Purpose, Meaning>> = {
  greeting: { code: 'greeting-refused', retry: 'later', hint: 'The server takes no sign-ins now.' },
  'sign-in': SIGN_IN,
  command: { code: 'command-refused', retry: 'never' },
  quit: {
    code: 'quit-refused',
    retry: 'later',
    hint: 'The server did not delete everything it was asked to; the next run tries again.',
  },
};

const TEXT_WIDTH_MAX = 300;

/** `shown` is the command in its safe form, empty for the greeting. */
export function refusal(response: Response, shown: string, purpose: Purpose, where: string): RefusedError {
  const { code, retry, hint } = CODED[response.code] ?? UNCODED[purpose];
  const text = printable(shorten(response.text, TEXT_WIDTH_MAX));
  const answer = text === '' ? 'without a reason' : `“${text}”`;
  const what = purpose === 'greeting' ? 'the connection' : shown;
  return new RefusedError(
    code,
    `${where} refused ${what}: ${answer}`,
    { command: shown, replyCode: response.code, replyText: text },
    hint === undefined ? { retry } : { retry, hint },
  );
}

/** The same refusal with what the server said about it inside the exchange. */
export function withReason(error: AppError, reason: string | undefined): AppError {
  if (reason === undefined || !(error instanceof RefusedError)) return error;
  const { code, message, refusal, retry, hint } = error;
  return new RefusedError(code, `${message} (${reason})`, refusal, hint === undefined ? { retry } : { retry, hint });
}
