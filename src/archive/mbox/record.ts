// A message as an mbox record and back: From line, the message with quoted From lines, a blank line.
import type { LineEnds } from '../line-ends.ts';
import { lfToCrlf } from '../line-ends.ts';
import { FromLines } from './mbox-quote.ts';

export interface RecordForm {
  readonly lineEnds: LineEnds;
  readonly finalNewline: boolean;
}

const NEWLINE = Buffer.from('\n');
const LF = 0x0a;
const FROM_LINE_BYTES_MAX = 1_024;

/** Bytes of an mbox, valid during the call; `withoutCr`: their CRs do not belong to it. */
export type TakeBytes = (bytes: Buffer, withoutCr: boolean) => void;

/** The record of a message: feed it the exact octets, then finish(). */
export class RecordEncoder {
  readonly #form: RecordForm;
  readonly #take: TakeBytes;
  readonly #quote = new FromLines('quote');

  constructor(form: RecordForm, at: number, take: TakeBytes) {
    this.#form = form;
    this.#take = take;
    take(fromLine(at), false);
  }

  push(octets: Buffer): void {
    for (const part of this.#quote.push(octets)) this.#take(part, this.#form.lineEnds === 'crlf');
  }

  finish(): void {
    this.#take(this.#quote.finish(), false);
    if (!this.#form.finalNewline) this.#take(NEWLINE, false);
    this.#take(NEWLINE, false);
  }
}

/** The first line of a record that came then, epoch milliseconds. */
export function fromLine(at: number): Buffer {
  return Buffer.from(`From MAILER-DAEMON ${asctime(at)}\n`);
}

export interface StoredRecord extends RecordForm {
  readonly offset: number;
  readonly length: number;
}

/** Reads bytes [from, to) of the mbox. */
export type ReadRange = (from: number, to: number) => AsyncIterable<Buffer>;

/** The exact octets of a record, read once from its start on. What is no record gives other octets: the caller compares hashes. */
export async function* decodeRecord(read: ReadRange, record: StoredRecord): AsyncGenerator<Buffer> {
  const end = record.offset + record.length - (record.finalNewline ? 1 : 2);
  const unquote = new FromLines('unquote');
  const convert = (chunk: Buffer) => (record.lineEnds === 'crlf' ? lfToCrlf(chunk) : chunk);
  for await (const chunk of withoutFromLine(read(record.offset, end)))
    for (const part of unquote.push(chunk)) if (part.length > 0) yield convert(part);
  const rest = unquote.finish();
  if (rest.length > 0) yield convert(rest);
}

async function* withoutFromLine(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let left = FROM_LINE_BYTES_MAX;
  for await (const chunk of chunks) {
    if (left === 0) {
      yield chunk;
      continue;
    }
    const newline = chunk.subarray(0, left).indexOf(LF);
    const line = newline === -1 ? Math.min(left, chunk.length) : newline + 1;
    left = newline === -1 ? left - line : 0;
    if (line < chunk.length) yield chunk.subarray(line);
  }
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Sun Nov 22 02:30:00 2026`, in UTC (RFC 4155). */
function asctime(epochMs: number): string {
  const date = new Date(epochMs);
  const day = String(date.getUTCDate()).padStart(2, ' ');
  const time = date.toISOString().slice(11, 19);
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${day} ${time} ${date.getUTCFullYear()}`;
}
