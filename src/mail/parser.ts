// postal-mime on a budget: what it keeps of a body is joined as it comes, and lines and parts are counted, in nested mails, too.
//
// By itself it keeps every line of text, and every padded piece of base64, as a part of a Blob: 2 KB of memory and 6 µs each, and it never
// lets go of the event loop. Its classes are changed for this process; nothing else uses them. test/mail/read-limits.test.ts holds that.
import { AsyncLocalStorage } from 'node:async_hooks';
import PostalMime, { type Email, type PostalMimeOptions } from 'postal-mime';
import { nextTurn } from '../core/clock.ts';
import { formatSize } from '../core/units.ts';

export interface Budget {
  readonly linesMax: number;
  readonly partsMax: number;
  /** Of all inline texts, decoded by their encoding; what comes later is cut off. Conversions take up to 70 times of it. */
  readonly textBytesMax: number;
  /** Of a calendar, which is an attachment decoded as text. */
  readonly calendarBytesMax: number;
  /** Makes the error that ends the reading. */
  readonly exceeded: (what: string) => Error;
}

type Piece = Uint8Array | ArrayBuffer | string;

/** As postal-mime 4 has it; it says so itself that they are internal. */
interface MimeNode {
  /** `remainder`: of base64 only. */
  readonly contentDecoder: { readonly chunks: Piece[]; readonly remainder?: string } | null;
  readonly contentType: { readonly parsed: { readonly value: string } };
  content: ArrayBuffer | null;
  getTextContent(): string;
  feed(line: Uint8Array): void;
  setupContentDecoder(encoding: string): void;
}

interface Parser {
  readonly root: MimeNode;
  processLine(line: Uint8Array, isFinal: boolean): Promise<void>;
}

const PIECES_MAX = 4096;
/** A longer line of base64 is taken in so many octets at a time: each padding in it makes a piece. */
const BASE64_OCTETS = 16 * 1024;
/** Some 20 ms; other connections of this process are heard in between. */
const LINES_A_TURN = 10_000;

const spending = new AsyncLocalStorage<{ readonly budget: Budget; lines: number; parts: number; textBytes: number }>();

/** The mail, and whether its text was cut. Rejects with `exceeded` of lines, parts or octets of a calendar. */
export function parseMail(bytes: Uint8Array, options: PostalMimeOptions, budget: Budget): Promise<readonly [Email, boolean]> {
  const spent = { budget, lines: 0, parts: 0, textBytes: 0 };
  return spending.run(spent, async () => {
    const mail = await PostalMime.parse(uncopied(bytes), options);
    return [mail, spent.textBytes > budget.textBytesMax] as const;
  });
}

/** It copies a part of a buffer, but not a whole one. */
function uncopied(bytes: Uint8Array): Uint8Array | ArrayBuffer {
  const { buffer, byteLength } = bytes;
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? buffer : bytes;
}

/** What was spent so far. A padded piece of base64 counts like a line. */
function spend(lines: number): number {
  const spent = spending.getStore();
  if (spent === undefined) return 1;
  spent.lines += lines;
  if (spent.lines > spent.budget.linesMax) throw spent.budget.exceeded(`${spent.budget.linesMax} lines`);
  return spent.lines;
}

const sample = new PostalMime() as unknown as Parser;
const parser = Object.getPrototypeOf(sample) as Parser;
const node = Object.getPrototypeOf(sample.root) as MimeNode;
const { processLine } = parser;
const { feed, getTextContent, setupContentDecoder } = node;

parser.processLine = function (this: Parser, line, isFinal) {
  const lines = spend(1);
  if (lines % LINES_A_TURN !== 0) return processLine.call(this, line, isFinal);
  return nextTurn().then(() => processLine.call(this, line, isFinal));
};

node.setupContentDecoder = function (this: MimeNode, encoding) {
  const spent = spending.getStore();
  if (spent !== undefined && ++spent.parts > spent.budget.partsMax) throw spent.budget.exceeded(`${spent.budget.partsMax} parts`);
  setupContentDecoder.call(this, encoding);
};

node.getTextContent = function (this: MimeNode) {
  const spent = spending.getStore();
  if (spent !== undefined && this.content !== null) {
    const { textBytesMax, calendarBytesMax, exceeded } = spent.budget;
    const size = this.content.byteLength;
    if (!['text/plain', 'text/html'].includes(this.contentType.parsed.value)) {
      if (size > calendarBytesMax) throw exceeded(`${formatSize(calendarBytesMax)} of a calendar`);
    } else {
      this.content = this.content.slice(0, Math.max(0, textBytesMax - spent.textBytes));
      spent.textBytes += size;
    }
  }
  return getTextContent.call(this);
};

node.feed = function (this: MimeNode, line) {
  if (this.contentDecoder?.remainder === undefined) fed(this, line);
  else for (let from = 0; from < line.length; from += BASE64_OCTETS) spend(fed(this, line.subarray(from, from + BASE64_OCTETS)));
};

/** How many pieces at the beginning are joined already. */
const joined = new WeakMap<readonly Piece[], number>();

/** How many pieces were joined. */
function fed(node: MimeNode, line: Uint8Array): number {
  feed.call(node, line);
  const pieces = node.contentDecoder?.chunks;
  if (pieces === undefined || pieces.length < PIECES_MAX) return 0;
  const kept = joined.get(pieces) ?? 0;
  const loose = pieces.length - kept;
  if (loose < PIECES_MAX) return 0;
  pieces.push(Buffer.concat(pieces.splice(kept).map(octets)));
  joined.set(pieces, pieces.length);
  return loose;
}

function octets(piece: Piece): Uint8Array {
  return typeof piece === 'string' ? Buffer.from(piece) : piece instanceof ArrayBuffer ? new Uint8Array(piece) : piece;
}
