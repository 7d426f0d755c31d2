// `--json` of the one-off commands on FTP, POP3 and SMTP servers, and of the outbox.
import { flag, list, object, oneOf, optional, text } from '../../core/schema.ts';
import { count, document, milliseconds, preview, time } from './words.ts';

const entry = {
  path: text(),
  name: text(),
  type: oneOf(['file', 'folder', 'link', 'other']),
  size: optional(count()),
  'modified-at': optional(time()),
  mode: optional(text(), 'octal, as 644'),
  target: optional(text(), 'of a link'),
};

const moved = document({ files: list(object({ remote: text(), bytes: count() })) });

const message = object({
  number: count(),
  size: count(),
  uid: optional(text()),
  date: optional(text()),
  from: optional(text()),
  subject: optional(text()),
});

const recipient = object({
  recipient: text(),
  status: oneOf(['queued', 'data-sent', 'accepted', 'rejected', 'deferred', 'not-sent', 'indeterminate']),
  attempts: count(),
  at: time(),
  'next-at': optional(time()),
  reply: optional(text()),
});

const letter = {
  id: text(),
  state: oneOf(['indeterminate', 'given-up', 'waiting', 'sending', 'rejected', 'partial', 'accepted', 'dropped']),
  ...{ job: text(), run: text(), report: text(), file: text(), connection: text() },
  ...{ 'message-id': text(), from: text(), subject: text(), 'created-at': time() },
  ...{ size: count(), sha256: text(), 'bytes-kept': flag(), recipients: list(recipient) },
};

export const serverOutputs = {
  'ftp ls': document({ entries: list(object(entry)) }),
  'ftp stat': document(entry),
  'ftp du': document({ folders: list(object({ path: text(), bytes: count(), files: count() })) }),
  'ftp sum': document({ path: text(), sha256: text() }),
  'ftp get': moved,
  'ftp put': moved,
  'ftp mirror --dry-run': preview,
  'pop3 stat': document({ count: count(), bytes: count() }),
  'pop3 list': document({ messages: list(message) }),
  'pop3 archive --dry-run': preview,
  'smtp send --dry-run': preview,
  'smtp probe': document({
    ...{ server: text(), tls: text(), 'signed-in': flag(), extensions: list(text()), mechanisms: list(text()) },
    'size-max': optional(count()),
    'took-ms': milliseconds(),
    'round-trips': count(),
    chunking: optional(oneOf(['proven', 'refuted', 'not-offered', 'unknown'])),
  }),
  'outbox list': document({ letters: list(object(letter)) }),
  'outbox flush': document({ letters: list(object(letter)) }),
  'outbox show': document(letter),
  'outbox resend': document(letter),
};
