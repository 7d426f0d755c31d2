// Base64 in lines of 76 characters with CRLF between them (RFC 2045 section 6.8), as a stream in flat memory.
import { AppError } from '../core/errors.ts';

const LINE_BYTES = 57;
const LINE_CHARS = 76;
/** Encoded at once: whole lines. */
const BLOCK_BYTES = LINE_BYTES * 2_048;

/** Characters that so many octets take; the last line has no line end. */
export function base64LinesSize(bytes: number): number {
  const chars = Math.ceil(bytes / 3) * 4;
  return chars + 2 * Math.max(0, Math.ceil(chars / LINE_CHARS) - 1);
}

/** Exactly `size` octets of the source; throws AppError `attachment-changed` when there are fewer. */
export async function* base64Lines(source: AsyncIterable<Uint8Array>, size: number, name: string): AsyncGenerator<Buffer> {
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  let [filled, left, first] = [0, size, true];
  for await (const chunk of source) {
    let rest = chunk.subarray(0, left);
    left -= rest.length;
    while (rest.length > 0) {
      const taken = Math.min(rest.length, BLOCK_BYTES - filled);
      block.set(rest.subarray(0, taken), filled);
      filled += taken;
      rest = rest.subarray(taken);
      if (filled === BLOCK_BYTES) {
        yield lines(block, first);
        [filled, first] = [0, false];
      }
    }
    if (left === 0) break;
  }
  if (left > 0) {
    throw new AppError('attachment-changed', `${name} became shorter while it was sent`, {
      hint: 'Let whatever writes it finish first; nothing was delivered.',
    });
  }
  if (filled > 0) yield lines(block.subarray(0, filled), first);
}

/** Filled and emptied between two turns of the event loop. */
const SCRATCH = Buffer.allocUnsafe((BLOCK_BYTES / 3) * 4);

/** Line ends stand before every line but the very first, so that blocks join. */
function lines(block: Buffer, first: boolean): Buffer {
  const length = SCRATCH.write(block.toString('base64'), 'latin1');
  const chars = SCRATCH.subarray(0, length);
  const count = Math.ceil(chars.length / LINE_CHARS);
  const out = Buffer.allocUnsafe(chars.length + 2 * count);
  let at = 0;
  for (let from = 0; from < chars.length; from += LINE_CHARS) {
    if (from > 0 || !first) {
      out[at++] = CR;
      out[at++] = LF;
    }
    at += chars.copy(out, at, from, Math.min(chars.length, from + LINE_CHARS));
  }
  return out.subarray(0, at);
}

const CR = 0x0d;
const LF = 0x0a;
