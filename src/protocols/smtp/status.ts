// What a reply means: its safe text, its enhanced status code (RFC 3463), and whether trying again can help.
import { type AppErrorOptions, RefusedError, type RetryClass } from '../../core/errors.ts';
import { printable, shorten } from '../../core/text.ts';
import type { Reply } from '../wire/reply.ts';

export type Verdict = 'accepted' | 'deferred' | 'rejected';

const SHOWN_TEXT_MAX = 400;

/** 2yz and 3yz are good, 4yz may be better later, the rest never (RFC 5321 section 4.2.1). */
export function verdictOf(reply: Reply): Verdict {
  if (reply.code < 400) return 'accepted';
  return reply.code < 500 ? 'deferred' : 'rejected';
}

/** `5.7.1`, when the text starts with one of the reply's own class. */
export function enhancedCode(reply: Reply): string | undefined {
  const match = /^([245])\.\d{1,3}\.\d{1,3}(?= |$)/.exec(reply.lines[0] ?? '');
  return match !== null && match[1] === String(reply.code)[0] ? match[0] : undefined;
}

/** Code and text on one line, safe to show; an enhanced code repeated on each line is said once. */
export function replyText(reply: Reply): string {
  const text = reply.lines.length === 1 ? reply.lines[0] : joined(reply);
  return shorten(printable(`${reply.code} ${text}`.trim()), SHOWN_TEXT_MAX);
}

function joined(reply: Reply): string {
  const enhanced = enhancedCode(reply);
  const prefix = enhanced === undefined ? '' : `${enhanced} `;
  return reply.lines.map((line, index) => (index > 0 && line.startsWith(prefix) ? line.slice(prefix.length) : line)).join(' ');
}

/** The error for a command that the server turned down; 4yz asks for later, the rest for never. */
export function refused(
  code: string,
  message: string,
  command: string,
  reply: Reply,
  options: AppErrorOptions = {},
): RefusedError {
  const retry: RetryClass = verdictOf(reply) === 'deferred' ? 'later' : 'never';
  const refusal = { command, replyCode: String(reply.code), replyText: printable(reply.lines.join(' ')) };
  return new RefusedError(code, `${message}: ${replyText(reply)}`, refusal, { retry, ...options });
}
