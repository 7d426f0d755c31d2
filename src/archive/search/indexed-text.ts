// What of a message can be searched: decoded header fields, the text, the words of HTML, names of attachments. Everything bounded.
import { formatMailbox, type Mailbox } from '../../mail/address-list.ts';
import { htmlText } from '../../mail/html-text.ts';
import { lineEnd, type ReadAttachment, type ReadMail, readMail } from '../../mail/read.ts';
import { withoutAttachments } from '../../mail/skeleton.ts';
import type { ManifestEntry } from '../manifest.ts';
import { withBreaks } from './word-breaks.ts';

export interface IndexedText {
  readonly sender: string;
  readonly recipients: string;
  readonly subject: string;
  readonly body: string;
  /** Names, one a line. */
  readonly files: string;
  /** How many there are; pictures that belong to the HTML are none. */
  readonly attachments: number;
}

/** Of a message; those of attachments are not counted, and what comes later is not searched. */
export const MESSAGE_LINES_MAX = 50_000;
const BODY_CHARS_MAX = 1024 * 1024;
const FIELD_CHARS_MAX = 8 * 1024;
/** Longer ones are no words. */
const WORD_CHARS_MAX = 256;
/** HTML that says so much more than the plain text beside it is searched, too. */
const HTML_RATIO = 2;

/** Never throws: of a mail that cannot be taken apart, what the manifest tells. */
export async function indexedText(entry: ManifestEntry, octets: Buffer): Promise<IndexedText> {
  const mail = await readMail(firstLines(withoutAttachments(octets))).catch(() => undefined);
  if (mail === undefined) return fromManifest(entry);
  const attached = mail.attachments.filter(({ related }) => !related);
  const names = mail.attachments.flatMap(({ name }) => (name === undefined ? [] : [plain(name, FIELD_CHARS_MAX)]));
  return {
    sender: legible(addresses([...(mail.from === undefined ? [] : [mail.from]), ...mail.replyTo], mail, ['sender']), entry.from),
    recipients: addresses([...mail.to, ...mail.cc], mail, ['bcc', 'delivered-to', 'x-original-to']),
    subject: legible(field(mail.subject), entry.subject),
    body: plain([bodyOf(mail), ...attached.map(textOf)].join('\n'), BODY_CHARS_MAX),
    files: names.join('\n').slice(0, FIELD_CHARS_MAX),
    attachments: attached.length,
  };
}

/** Raw 8-bit headers, which the manifest reads as Latin-1. */
function legible(text: string, inManifest: string | undefined): string {
  return text === '' || text.includes('\ufffd') ? field(inManifest) || text : text;
}

function fromManifest({ from, subject }: ManifestEntry): IndexedText {
  return { sender: field(from), recipients: '', subject: field(subject), body: '', files: '', attachments: 0 };
}

function firstLines(mail: Buffer): Buffer {
  return mail.subarray(0, lineEnd(mail, MESSAGE_LINES_MAX));
}

function addresses(mailboxes: readonly Mailbox[], { headers }: ReadMail, names: readonly string[]): string {
  const more = headers.filter(({ name }) => names.includes(name)).map(({ value }) => value);
  return field([...mailboxes.map(formatMailbox), ...more].join(', '));
}

function bodyOf({ text, html }: ReadMail): string {
  if (html === undefined) return text ?? '';
  const words = htmlText(html);
  if (text === undefined) return words;
  return words.length > HTML_RATIO * text.length ? `${text}\n${words}` : text;
}

function textOf({ type, content }: ReadAttachment): string {
  return type.startsWith('text/') ? content.subarray(0, BODY_CHARS_MAX).toString('utf8') : '';
}

function field(text: string | undefined): string {
  return plain(text ?? '', FIELD_CHARS_MAX);
}

/** One line without control characters, and no word of hostile length. */
function plain(text: string, charsMax: number): string {
  return withBreaks(text.slice(0, charsMax))
    .toWellFormed()
    .replace(/[\x00-\x20\x7f-\x9f]+/g, ' ')
    .replace(/[^ ]{256,}/g, run => run.slice(0, WORD_CHARS_MAX))
    .trim();
}
