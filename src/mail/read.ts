// A mail's bytes as data: headers, bodies, attachments (postal-mime does the parsing).
import PostalMime, { type Address } from 'postal-mime';
import { AppError } from '../core/errors.ts';
import type { Mailbox } from './address-list.ts';

export interface ReadMail {
  readonly from: Mailbox | undefined;
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly replyTo: readonly Mailbox[];
  readonly subject: string;
  readonly messageId: string | undefined;
  /** ISO 8601, or as written when it is no date. */
  readonly date: string | undefined;
  readonly text: string | undefined;
  readonly html: string | undefined;
  readonly attachments: readonly ReadAttachment[];
  /** In order, names in lower case, values unfolded. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

export interface ReadAttachment {
  readonly name: string | undefined;
  readonly type: string;
  readonly content: Buffer;
  /** A part of the HTML, such as a picture in it. */
  readonly related: boolean;
}

const LF = 0x0a;
/** Parts nested deeper, and headers longer in all, are hostile. */
const NESTING_MAX = 50;
const HEADER_BYTES_MAX = 1024 * 1024;
/** A mail in a mail in a mail is read; what is nested deeper is an attachment of its own. Each level reads all lines again. */
const MAILS_NESTED_MAX = 3;
/** 150 MB of base64; a line costs some 20 µs, whatever its length. */
export const LINES_MAX = 2_000_000;
/** Of fewer than SHORT_LINE_BYTES octets. A line of text, or a padding within a line of base64, takes postal-mime 2 KB of memory. */
export const SHORT_LINES_MAX = 100_000;
export const PADDINGS_MAX = 200_000;
const SHORT_LINE_BYTES = 60;

/** Rejects when the message breaks a limit; anything else is read as well as it goes. */
export async function readMail(bytes: Uint8Array): Promise<ReadMail> {
  if (lineEnd(bytes, LINES_MAX + 1) !== undefined) throw tooLong(`${LINES_MAX} lines`);
  if (hasMore(SHORT_LINES_MAX, shortLines(bytes))) throw tooLong(`${SHORT_LINES_MAX} lines of under ${SHORT_LINE_BYTES} octets`);
  if (hasMore(PADDINGS_MAX, paddings(bytes))) throw tooLong(`${PADDINGS_MAX} pieces of base64`);
  const mail = await PostalMime.parse(bytes, {
    maxRfc822NestingDepth: MAILS_NESTED_MAX,
    attachmentEncoding: 'arraybuffer',
    maxNestingDepth: NESTING_MAX,
    maxHeadersSize: HEADER_BYTES_MAX,
  });
  return {
    from: mail.from === undefined ? undefined : mailboxes([mail.from])[0],
    to: mailboxes(mail.to),
    cc: mailboxes(mail.cc),
    replyTo: mailboxes(mail.replyTo),
    subject: mail.subject ?? '',
    messageId: mail.messageId,
    date: mail.date,
    text: mail.text,
    html: mail.html,
    attachments: mail.attachments.map(({ filename, mimeType, content, related }) => ({
      name: filename ?? undefined,
      type: mimeType,
      content: typeof content === 'string' ? Buffer.from(content) : Buffer.from(content as ArrayBuffer),
      related: related === true,
    })),
    headers: mail.headers.map(({ key, value }) => ({ name: key, value })),
  };
}

/** Where line number `count` ends; undefined when there are fewer. */
export function lineEnd(bytes: Uint8Array, count: number): number | undefined {
  let at = -1;
  for (let line = 0; line < count; line++) {
    at = bytes.indexOf(LF, at + 1);
    if (at === -1) return undefined;
  }
  return at + 1;
}

function* shortLines(bytes: Uint8Array): Generator<number> {
  for (let [from, end] = [0, bytes.indexOf(LF)]; end !== -1; [from, end] = [end + 1, bytes.indexOf(LF, end + 1)])
    if (end - from < SHORT_LINE_BYTES) yield end;
}

/** Those of base64 cannot be told from the octets of quoted-printable; few mails without base64 have none of the word. */
function* paddings(bytes: Uint8Array): Generator<number> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  if (/base64/i.test(text)) for (const { index } of text.matchAll(/=[^=\r\n]/g)) yield index;
}

function hasMore(most: number, found: Iterable<number>): boolean {
  let count = 0;
  for (const _ of found) if (++count > most) return true;
  return false;
}

function tooLong(what: string): AppError {
  return new AppError('mail-too-long', `the mail has more than ${what}`, { hint: 'It can be given back raw.' });
}

/** Groups are opened. */
function mailboxes(addresses: readonly Address[] | undefined): readonly Mailbox[] {
  return (addresses ?? []).flatMap(entry =>
    entry.group === undefined ? [{ name: entry.name, address: entry.address ?? '' }] : mailboxes(entry.group),
  );
}
