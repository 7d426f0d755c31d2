// What became of a mail, recipient by recipient.

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
  const has = (status: RecipientStatus) => recipients.some(recipient => recipient.status === status);
  if (has('indeterminate')) return 'indeterminate';
  if (has('accepted')) return recipients.every(recipient => recipient.status === 'accepted') ? 'accepted' : 'partial';
  return has('deferred') || has('not-sent') ? 'deferred' : 'rejected';
}
