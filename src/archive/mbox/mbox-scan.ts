// Finds the messages of somebody else's mbox: each begins after a line "From … 12:34…" at the start of the file or after a blank line.
import { AppError } from '../../core/errors.ts';

export interface MboxMessage {
  /** Of its first byte, after the From line. */
  readonly from: number;
  /** After its last byte; the blank line before the next From line is not part of it. */
  readonly to: number;
  readonly hasCr: boolean;
}

const LF = 0x0a;
const CR = 0x0d;
const FROM = Buffer.from('From ');
/** Of a line, what decides whether it begins a message. */
const HEAD_BYTES_MAX = 1_024;
/** The time of day stands in every From line (RFC 4155); a sentence that begins with "From " seldom has one. */
const TIME = /^From .*\b\d{1,2}:\d{2}\b/;

/** Throws `import-unknown` when the file does not begin with a From line. An empty file holds no message. */
export async function* findMboxMessages(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<MboxMessage> {
  const scan = new LineScan();
  let open: { readonly from: number; hasCr: boolean } | undefined;
  /** Where the blank line directly before the current line begins. */
  let blank: number | undefined = 0;
  for await (const line of scan.lines(chunks)) {
    if (line.at === 0 || blank !== undefined) {
      if (isFromLine(line.head)) {
        if (open !== undefined) yield { ...open, to: blank ?? line.at };
        open = { from: line.end, hasCr: false };
        blank = undefined;
        continue;
      }
      if (line.at === 0) throw notMbox(path);
    }
    blank = line.head.length <= 2 && /^\r?\n?$/.test(line.head.toString('latin1')) ? line.at : undefined;
    if (open !== undefined) open.hasCr ||= line.hasCr;
  }
  if (open !== undefined) yield { ...open, to: blank ?? scan.position };
}

function isFromLine(head: Buffer): boolean {
  return head.subarray(0, FROM.length).equals(FROM) && TIME.test(head.toString('latin1'));
}

interface Line {
  readonly at: number;
  /** After its line end. */
  readonly end: number;
  /** Its beginning, line end included when it is short. */
  readonly head: Buffer;
  readonly hasCr: boolean;
}

/** Lines of any length in little memory. */
class LineScan {
  position = 0;

  async *lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
    let [head, at, hasCr]: [Buffer, number, boolean] = [Buffer.alloc(0), 0, false];
    for await (const chunk of chunks) {
      let from = 0;
      while (from < chunk.length) {
        const lf = chunk.indexOf(LF, from);
        const end = lf === -1 ? chunk.length : lf + 1;
        const part = chunk.subarray(from, end);
        if (head.length < HEAD_BYTES_MAX)
          head =
            head.length === 0
              ? part.subarray(0, HEAD_BYTES_MAX)
              : Buffer.concat([head, part.subarray(0, HEAD_BYTES_MAX - head.length)]);
        hasCr ||= part.includes(CR);
        this.position += part.length;
        from = end;
        if (lf === -1) break;
        yield { at, end: this.position, head, hasCr };
        [head, at, hasCr] = [Buffer.alloc(0), this.position, false];
      }
    }
    if (this.position > at) yield { at, end: this.position, head, hasCr };
  }
}

function notMbox(path: string): AppError {
  return new AppError('import-unknown', `${path} is no mbox file: it does not begin with a From line`, {
    hint: 'An mbox begins with a line like “From someone@example.org Sun Nov 22 02:30:00 2026”.',
  });
}
