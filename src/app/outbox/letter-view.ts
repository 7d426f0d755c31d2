// Letters of the outbox as --json prints them, and as lines for people.

import type { Letter } from '../../mail/outbox.ts';
import { stateOf } from './desk.ts';

export function letterJson(letter: Letter): Record<string, unknown> {
  const { id, job, run, report, file, connection, messageId, from, subject, createdAt, size, sha256, held, deliveries } = letter;
  return {
    ...{ id, state: stateOf(letter), job, run, report, file, connection, 'message-id': messageId, from, subject },
    ...{ 'created-at': new Date(createdAt).toISOString(), size, sha256, 'bytes-kept': held },
    recipients: deliveries.map(({ recipient, status, attempts, nextAt, reply, at }) => ({
      ...{ recipient, status, attempts, at: new Date(at).toISOString() },
      ...(nextAt === undefined ? {} : { 'next-at': new Date(nextAt).toISOString() }),
      ...(reply === undefined ? {} : { reply }),
    })),
  };
}

/** `ops@example.org and 2 more`. */
export function recipientsShown({ deliveries: [first, ...others] }: Letter): string {
  return others.length === 0 ? (first?.recipient ?? '') : `${first?.recipient ?? ''} and ${others.length} more`;
}
