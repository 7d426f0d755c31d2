// A mail as bytes: MIME by nodemailer's composer, every header value made harmless first, nothing fetched and no file opened by it.
import { createHash } from 'node:crypto';
import MailComposer from 'nodemailer/lib/mail-composer';
import { printable, shorten } from '../core/text.ts';
import type { Mailbox } from './address-list.ts';

export interface MailDraft {
  readonly from: Mailbox;
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly replyTo: readonly Mailbox[];
  readonly subject: string;
  readonly text?: string;
  readonly html?: string;
  readonly attachments: readonly Attachment[];
  /** With its angle brackets; see messageIdOf. */
  readonly messageId: string;
  /** The mail that this one answers, with its angle brackets: they show as one conversation. */
  readonly inReplyTo?: string;
  /** Epoch milliseconds. */
  readonly date: number;
  /** Further headers, `X-Job` and the like; names are ours, values may come from anywhere. */
  readonly headers: Readonly<Record<string, string>>;
  /** Set for mail that a machine wrote: nobody's vacation notice answers it (RFC 3834). */
  readonly autoSubmitted: boolean;
}

export interface Attachment {
  readonly name: string;
  readonly content: Buffer;
  /** Default: guessed from the name. */
  readonly type?: string;
  /** Shown by `<img src="cid:…">` of the HTML part instead of listed. */
  readonly contentId?: string;
}

/** Longer subjects are cut, with an ellipsis. */
const SUBJECT_CHARS_MAX = 250;
const HEADER_CHARS_MAX = 500;
/** Of a person or a file: such a header cannot always be folded, and no line may be longer than 998 octets (RFC 5322 section 2.1.1). */
const NAME_CHARS_MAX = 255;

/** The whole message with CRLF line ends; the same draft gives the same bytes. Bcc recipients never stand in it. */
export async function composeMail(draft: MailDraft): Promise<Buffer> {
  const composer = new MailComposer({
    from: mailbox(draft.from),
    ...addressHeader('to', draft.to),
    ...addressHeader('cc', draft.cc),
    ...addressHeader('replyTo', draft.replyTo),
    subject: shorten(printable(draft.subject.replace(/\s+/g, ' ').trim()), SUBJECT_CHARS_MAX),
    messageId: draft.messageId,
    ...(draft.inReplyTo === undefined ? {} : { inReplyTo: draft.inReplyTo, references: draft.inReplyTo }),
    date: new Date(draft.date),
    ...(draft.text === undefined ? {} : { text: crlf(draft.text) }),
    ...(draft.html === undefined ? {} : { html: crlf(draft.html) }),
    attachments: draft.attachments.map(({ name, content, type, contentId }) => ({
      filename: shorten(printable(name), NAME_CHARS_MAX),
      content,
      contentDisposition: contentId === undefined ? 'attachment' : 'inline',
      contentTransferEncoding: 'base64',
      ...(contentId === undefined ? {} : { cid: contentId }),
      ...(type === undefined ? {} : { contentType: type }),
    })),
    headers: headersOf(draft),
    encoding: 'quoted-printable',
    textEncoding: 'Q',
    baseBoundary: digest(draft.messageId).slice(0, 24),
    boundaryPrefix: '=_postrider',
    newline: 'win',
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composer.compile().build();
}

/** The same parts give the same Message-ID, so that copies of one mail can be recognised; `domain` is the sender's. */
export function messageIdOf(parts: readonly string[], domain: string): string {
  return `<postrider.${digest(JSON.stringify(parts)).slice(0, 32)}@${domain.replace(/[^A-Za-z0-9.-]/g, '-')}>`;
}

function headersOf(draft: MailDraft): Record<string, string> {
  const automatic = draft.autoSubmitted ? { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' } : {};
  const hidden = draft.to.length + draft.cc.length === 0 ? { To: 'undisclosed-recipients:;' } : {};
  const own = Object.entries(draft.headers).map(([name, value]) => [name, shorten(printable(value), HEADER_CHARS_MAX)]);
  return { ...hidden, ...automatic, ...Object.fromEntries(own) };
}

function addressHeader<K extends string>(
  key: K,
  mailboxes: readonly Mailbox[],
): Partial<Record<K, { name: string; address: string }[]>> {
  return mailboxes.length === 0 ? {} : ({ [key]: mailboxes.map(mailbox) } as Record<K, { name: string; address: string }[]>);
}

function mailbox({ name, address }: Mailbox) {
  return { name: shorten(printable(name), NAME_CHARS_MAX), address };
}

function crlf(text: string): string {
  return text.toWellFormed().replace(/\r\n|\r|\n/g, '\r\n');
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
