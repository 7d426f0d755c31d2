// `--json` of the commands that read and fill the mail archive.
import { flag, list, nullable, object, oneOf, optional, text } from '../../core/schema.ts';
import { count, document, time } from './words.ts';

const hit = object({
  ...{ sha256: text(), account: text(), month: text(), date: time(), size: count(), from: text(), subject: text() },
  ...{ attachments: list(text()), snippet: text() },
});

const shown = object({
  ...{ sha256: text(), size: count(), account: text(), month: text(), uidl: optional(nullable(text())), 'fetched-at': time() },
  ...{ 'message-id': optional(text()), date: optional(text()), from: optional(text()), subject: optional(text()) },
  ...{ to: list(text()), cc: list(text()), text: text(), 'text-cut': optional(flag()) },
  attachments: list(object({ name: optional(text()), type: text(), size: count() })),
});

const largest = { sha256: text(), size: count(), subject: optional(text()) };

export const archiveOutputs = {
  'archive search': document({ query: text(), more: flag(), messages: list(hit) }),
  'archive show': document({ message: shown }),
  'archive stats': document({
    ...{ messages: count(), bytes: count() },
    months: list(object({ account: text(), month: text(), messages: count(), bytes: count(), largest: object(largest) })),
    senders: list(object({ address: text(), messages: count(), bytes: count() })),
    largest: list(object({ account: text(), from: optional(text()), ...largest })),
  }),
  'archive verify': document({
    ...{ sound: flag(), accounts: count(), months: count(), messages: count(), intact: count(), bytes: count() },
    problems: list(
      object({
        ...{ kind: text(), account: text(), path: text(), offset: count(), length: count() },
        ...{ sha256: optional(text()), subject: optional(text()), reason: optional(text()) },
      }),
    ),
    busy: list(text()),
    seals: list(object({ account: text(), month: text(), sha256: text() })),
  }),
  'archive seal': document({
    sealed: list(
      object({ account: text(), month: text(), messages: count(), size: count(), compressed: count(), sha256: text() }),
    ),
  }),
  'archive export': document({
    ...{ folder: text(), format: oneOf(['eml', 'maildir', 'mbox']), messages: count(), bytes: count(), accounts: count() },
  }),
  'archive import': document({ account: text(), found: count(), archived: count(), duplicates: count(), bytes: count() }),
  'archive reindex': document({ messages: count() }),
};
