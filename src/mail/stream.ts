// A mail of any size in flat memory: MIME around the attachments is composed whole, each attachment is encoded while it is sent.
import { createHash, randomBytes } from 'node:crypto';
import { base64Lines, base64LinesSize } from './base64-lines.ts';
import { type Attachment, composeMail, type MailDraft } from './compose.ts';

export interface StreamedAttachment {
  readonly name: string;
  /** Octets that content() gives; more are cut off, fewer are an error. */
  readonly size: number;
  /** From the beginning, each time. */
  readonly content: () => AsyncIterable<Uint8Array>;
  /** Default: guessed from the name. */
  readonly type?: string;
  /** Shown by `<img src="cid:…">` of the HTML part instead of listed. */
  readonly contentId?: string;
}

export interface StreamedDraft extends Omit<MailDraft, 'attachments'> {
  readonly attachments: readonly StreamedAttachment[];
}

export interface StreamedMail {
  /** Octets of the whole message. */
  readonly size: number;
  /** The same octets each time, as long as the attachments give the same. */
  readonly chunks: () => AsyncGenerator<Buffer>;
}

/** Stands in for an attachment; nobody outside can know it, so nothing in the mail can pretend to be one. */
const MARK_BYTES = 24;

export async function streamMail(draft: StreamedDraft): Promise<StreamedMail> {
  const secret = randomBytes(16);
  const marks = draft.attachments.map((_, index) => markOf(secret, index));
  const stand = draft.attachments.map(
    ({ name, type, contentId }, index): Attachment => ({
      name,
      content: marks[index] ?? Buffer.alloc(0),
      ...(type === undefined ? {} : { type }),
      ...(contentId === undefined ? {} : { contentId }),
    }),
  );
  const frame = await composeMail({ ...draft, attachments: stand });
  const parts = cutAt(
    frame,
    marks.map(mark => Buffer.from(mark.toString('base64'))),
  );
  const bodies = draft.attachments.map(({ size }) => base64LinesSize(size));
  const size = parts.reduce((sum, { length }) => sum + length, 0) + bodies.reduce((sum, length) => sum + length, 0);
  return {
    size,
    async *chunks() {
      for (const [index, part] of parts.entries()) {
        yield part;
        const attachment = draft.attachments[index];
        if (attachment !== undefined) yield* base64Lines(attachment.content(), attachment.size, attachment.name);
      }
    },
  };
}

function markOf(secret: Buffer, index: number): Buffer {
  return createHash('sha256').update(secret).update(`${index}`).digest().subarray(0, MARK_BYTES);
}

/** What stands before, between and after the marks, which come in this order. */
function cutAt(frame: Buffer, marks: readonly Buffer[]): readonly Buffer[] {
  let from = 0;
  const parts = marks.map(mark => {
    const at = frame.indexOf(mark, from);
    if (at === -1) throw new Error('an attachment is missing in its mail');
    const part = frame.subarray(from, at);
    from = at + mark.length;
    return part;
  });
  return [...parts, frame.subarray(from)];
}
