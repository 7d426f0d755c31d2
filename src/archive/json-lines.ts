// Reads a file of JSON lines piece by piece and says for each line whether it is whole: what a crash tore is told from what is there.
import type { ArchiveFile } from './files.ts';

export interface JsonLine {
  /** Undefined when the line is no JSON, or the file ends before its line end. */
  readonly value: unknown;
  /** Of its first byte. */
  readonly offset: number;
  /** Its line end included. */
  readonly length: number;
  /** 1 for the first. */
  readonly number: number;
}

const READ_BYTES = 256 * 1024;
/** A longer line is read as a broken one. */
export const JSON_LINE_BYTES_MAX = 64 * 1024;
const LF = 0x0a;

export async function* readJsonLines(file: ArchiveFile): AsyncGenerator<JsonLine> {
  let pending: Buffer = Buffer.alloc(0);
  let offset = 0;
  let number = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(READ_BYTES);
    const count = await file.read(chunk, offset + pending.length);
    if (count === 0) break;
    pending = Buffer.concat([pending, chunk.subarray(0, count)]);
    let from = 0;
    for (let end = pending.indexOf(LF, from); end !== -1; end = pending.indexOf(LF, from)) {
      number += 1;
      yield { value: parse(pending.subarray(from, end)), offset: offset + from, length: end + 1 - from, number };
      from = end + 1;
    }
    pending = pending.subarray(from);
    offset += from;
  }
  if (pending.length > 0) yield { value: undefined, offset, length: pending.length, number: number + 1 };
}

function parse(line: Buffer): unknown {
  if (line.length > JSON_LINE_BYTES_MAX) return undefined;
  try {
    return JSON.parse(line.toString('utf8'));
  } catch {
    return undefined;
  }
}
