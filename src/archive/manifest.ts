// One line of a manifest: what the archive knows about one message (CONTRACT section 4), and the way to text and back.
import type { MessageFacts } from './headers.ts';
import type { LineEnds } from './line-ends.ts';
import { maildirName } from './maildir/maildir-name.ts';

export interface ManifestEntry extends MessageFacts {
  /** Of the exact octets received, hexadecimal. */
  readonly sha256: string;
  /** Of the exact octets received. */
  readonly size: number;
  /** A file of the Maildir holds it; offset and length are 0 then. */
  readonly maildir: boolean;
  /** Where the mbox record begins, its From line included. */
  readonly offset: number;
  /** Of the mbox record, the blank line after the message included. */
  readonly length: number;
  readonly lineEnds: LineEnds;
  /** False: the message does not end with a line end and the mbox got one more. */
  readonly finalNewline: boolean;
  readonly uidl: string | undefined;
  /** Epoch milliseconds. */
  readonly fetchedAt: number;
}

const UIDL_CHARS_MAX = 2_048;

/** Bounded: no field of a message makes a line that readers would not take. */
export function formatEntry(entry: ManifestEntry): string {
  const line = {
    sha256: entry.sha256,
    size: entry.size,
    ...(entry.maildir ? { file: maildirName(entry) } : { offset: entry.offset, length: entry.length }),
    eol: entry.lineEnds,
    'final-newline': entry.finalNewline,
    uidl: entry.uidl?.slice(0, UIDL_CHARS_MAX) ?? null,
    'fetched-at': new Date(entry.fetchedAt).toISOString(),
    'message-id': entry.messageId ?? null,
    date: entry.date ?? null,
    from: entry.from ?? null,
    subject: entry.subject ?? null,
  };
  return `${JSON.stringify(line)}\n`;
}

/** Undefined when the value is no entry. */
export function parseEntry(value: unknown): ManifestEntry | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const line = value as Record<string, unknown>;
  const maildir = line['offset'] === undefined && typeof line['file'] === 'string';
  const { sha256, size, offset = 0, length = 0, eol } = line;
  const fetchedAt = typeof line['fetched-at'] === 'string' ? Date.parse(line['fetched-at']) : Number.NaN;
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256) || Number.isNaN(fetchedAt)) return undefined;
  if (!isCount(size) || !isCount(offset) || !isCount(length) || maildir !== (length === 0)) return undefined;
  if (eol !== 'crlf' && eol !== 'raw') return undefined;
  return {
    sha256,
    size,
    maildir,
    offset,
    length,
    lineEnds: eol,
    finalNewline: line['final-newline'] !== false,
    uidl: text(line['uidl']),
    fetchedAt,
    messageId: text(line['message-id']),
    date: text(line['date']),
    from: text(line['from']),
    subject: text(line['subject']),
  };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
