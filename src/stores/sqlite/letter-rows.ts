// Rows of the outbox's tables as the records of its contract; a status that nobody knows is taken for an unknown outcome.
import type { Delivery, DeliveryStatus, Letter } from '../../mail/outbox.ts';
import type { Row } from './database.ts';

export function letterOf(row: Row, deliveries: readonly Row[]): Letter {
  const text = (column: string) => String(row[column]);
  return {
    ...{ id: text('id'), job: text('job'), run: text('run'), report: text('report'), file: text('file') },
    ...{ connection: text('connection'), messageId: text('message_id'), from: text('sender'), subject: text('subject') },
    smtpUtf8: row['smtp_utf8'] === 1,
    createdAt: Number(row['created_at']),
    size: Number(row['size']),
    sha256: text('sha256'),
    held: row['held'] === 1,
    deliveries: deliveries.map(deliveryOf),
  };
}

function deliveryOf(row: Row): Delivery {
  const status = STATUSES.find(known => known === row['status']) ?? 'indeterminate';
  return {
    recipient: String(row['recipient']),
    status,
    attempts: Number(row['attempts']),
    ...(row['next_at'] === null ? {} : { nextAt: Number(row['next_at']) }),
    ...(row['reply'] === null ? {} : { reply: String(row['reply']) }),
    at: Number(row['at']),
  };
}

const STATUSES: readonly DeliveryStatus[] = [
  ...(['queued', 'data-sent', 'accepted', 'rejected', 'deferred', 'not-sent', 'indeterminate'] as const),
];
