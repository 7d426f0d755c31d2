// Reads a file of JSON lines piece by piece and says for each line whether it is whole: what a crash tore is told from what is there.
import { boundGarbage } from '../core/memory.ts';
import type { ArchiveFile } from './files.ts';

export interface JsonLine {
  /** Undefined when the line is no JSON, or the file ends before its line end. */
  readonly value: unknown;
  /** Without its line end; of a broken line, as much as was kept. */
  readonly bytes: Buffer;
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

/** From byte `start` on, where a line begins. */
export async function* readJsonLines(file: ArchiveFile, start = 0): AsyncGenerator<JsonLine> {
  const chunk = Buffer.allocUnsafe(READ_BYTES);
  let pending: Buffer = Buffer.alloc(0);
  let [offset, position, number] = [start, start, 0];
  for (let count = await file.read(chunk, position); count > 0; count = await file.read(chunk, position)) {
    let from = 0;
    for (let end = chunk.indexOf(LF); end !== -1 && end < count; end = chunk.indexOf(LF, from)) {
      number += 1;
      const length = position + end + 1 - offset;
      const bytes = Buffer.concat([pending, chunk.subarray(from, end)]);
      yield { value: parse(bytes), bytes, offset, length, number };
      pending = Buffer.alloc(0);
      from = end + 1;
      offset = position + from;
    }
    // What is too long for a line stays so; its end is not needed to say that.
    if (pending.length <= JSON_LINE_BYTES_MAX) pending = Buffer.concat([pending, chunk.subarray(from, count)]);
    position += count;
    boundGarbage();
  }
  if (position > offset) yield { value: undefined, bytes: pending, offset, length: position - offset, number: number + 1 };
}

function parse(line: Buffer): unknown {
  if (line.length > JSON_LINE_BYTES_MAX) return undefined;
  try {
    return JSON.parse(line.toString('utf8'));
  } catch {
    return undefined;
  }
}
