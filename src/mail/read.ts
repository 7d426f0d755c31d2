// A mail's bytes as data: headers, bodies, attachments (postal-mime does the parsing).
import type { Address } from 'postal-mime';
import { AppError } from '../core/errors.ts';
import type { Mailbox } from './address-list.ts';
import { parseMail } from './parser.ts';

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
  /** Whether text and html are only the beginning. */
  readonly textCut: boolean;
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
/** Those of nested mails, too: 100 MB of base64 in a mail in a mail in a mail. A line costs some 3 µs, whatever its length. */
export const LINES_MAX = 6_000_000;
export const PARTS_MAX = 10_000;
export const TEXT_BYTES_MAX = 4 * 1024 * 1024;
export const CALENDAR_BYTES_MAX = 16 * 1024 * 1024;

/** Rejects when the message breaks a limit; anything else is read as well as it goes. */
export async function readMail(bytes: Uint8Array, textBytesMax = TEXT_BYTES_MAX): Promise<ReadMail> {
  const limits = { maxRfc822NestingDepth: MAILS_NESTED_MAX, maxNestingDepth: NESTING_MAX, maxHeadersSize: HEADER_BYTES_MAX };
  const [mail, textCut] = await parseMail(bytes, limits, {
    ...{ linesMax: LINES_MAX, partsMax: PARTS_MAX, textBytesMax, calendarBytesMax: CALENDAR_BYTES_MAX },
    exceeded: what => new AppError('mail-too-long', `the mail has more than ${what}`, { hint: 'It can be given back raw.' }),
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
    textCut,
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

/** Groups are opened. */
function mailboxes(addresses: readonly Address[] | undefined): readonly Mailbox[] {
  return (addresses ?? []).flatMap(entry =>
    entry.group === undefined ? [{ name: entry.name, address: entry.address ?? '' }] : mailboxes(entry.group),
  );
}
