// What became of a mail, recipient by recipient.
import type { SmtpEvent } from './session.ts';
import { replyText, verdictOf } from './status.ts';

/**
 * accepted: the server has it. rejected: never (5yz). deferred: not now (4yz). indeterminate: the link died between the end of the
 * message and the reply, so the server may or may not have it (RFC 1047). not-sent: nothing was offered.
 */
export type RecipientStatus = 'accepted' | 'rejected' | 'deferred' | 'indeterminate' | 'not-sent';

export type Outcome = 'accepted' | 'partial' | 'rejected' | 'deferred' | 'indeterminate';

export interface RecipientResult {
  readonly address: string;
  readonly status: RecipientStatus;
  /** Code and text that decided, printable. */
  readonly reply?: string;
  readonly code?: number;
}

export interface SendResult {
  readonly outcome: Outcome;
  /** In the order of the envelope, each address once. */
  readonly recipients: readonly RecipientResult[];
  /** The reply to the message: with 250 usually the server's queue id. */
  readonly reply?: string;
}

/** One word for all: partial as soon as some have it and others do not. */
export function outcomeOf(recipients: readonly RecipientResult[]): Outcome {
  const seen = new Set(recipients.map(({ status }) => status));
  if (seen.has('indeterminate')) return 'indeterminate';
  if (seen.has('accepted')) return seen.size === 1 ? 'accepted' : 'partial';
  return seen.has('deferred') || seen.has('not-sent') ? 'deferred' : 'rejected';
}

/** What MAIL and RCPT say. Accepted alone says nothing yet: what counts is the reply to the message. */
export function recipientResult(address: string, mail: SmtpEvent | undefined, rcpt: SmtpEvent | undefined): RecipientResult {
  const deciding = mail !== undefined && verdictOf(mail.reply) !== 'accepted' ? mail : rcpt;
  if (deciding === undefined) return { address, status: 'not-sent' };
  return verdictOf(deciding.reply) === 'accepted' ? { address, status: 'accepted' } : { address, ...statusFrom(deciding) };
}

/** Joins what RCPT said with the reply that decided about the accepted ones. */
export function settle(recipients: readonly RecipientResult[], deciding: SmtpEvent | undefined | 'unknown'): SendResult {
  if (deciding === undefined) return { outcome: outcomeOf(recipients), recipients };
  const status = deciding === 'unknown' ? ({ status: 'indeterminate' } as const) : statusFrom(deciding);
  const settled = recipients.map(recipient =>
    recipient.status === 'accepted' ? { address: recipient.address, ...status } : recipient,
  );
  const outcome = outcomeOf(settled);
  return 'reply' in status ? { outcome, recipients: settled, reply: status.reply } : { outcome, recipients: settled };
}

function statusFrom({ reply }: SmtpEvent): Required<Omit<RecipientResult, 'address'>> {
  return { status: verdictOf(reply), reply: replyText(reply), code: reply.code };
}
