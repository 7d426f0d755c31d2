// Bytes received and not yet understood: lines with a limit, without ever searching a byte twice.
import { BrokenSessionError } from '../../core/errors.ts';

const LF = 0x0a;
const CR = 0x0d;
const EMPTY = Buffer.alloc(0);
const NEWLINE = Buffer.from('\n');

export interface Lines {
  readonly bytes: Buffer;
  readonly count: number;
}

/** Line by line, without CRLF or lone LF. */
export function* linesIn({ bytes }: Lines): Generator<Buffer> {
  for (let [from, end] = [0, bytes.indexOf(LF)]; end !== -1; [from, end] = [end + 1, bytes.indexOf(LF, end + 1)]) {
    yield bytes.subarray(from, end > from && bytes[end - 1] === CR ? end - 1 : end);
  }
}

export class ReceiveBuffer {
  #pending: Buffer = EMPTY;
  /** #pending is a copy. */
  #owned = false;
  #searched = 0;

  push(bytes: Uint8Array): void {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#owned = this.#pending.length > 0;
    this.#pending = this.#owned ? Buffer.concat([this.#pending, chunk]) : chunk;
  }

  /** How many bytes wait. */
  get length(): number {
    return this.#pending.length;
  }

  /**
   * The next line without its CRLF (a lone LF ends a line too), or undefined while it is incomplete.
   * Throws BrokenSessionError `line-too-long` as soon as more than `bytesMax` bytes came without an end.
   */
  takeLine(bytesMax: number): Buffer | undefined {
    if (this.#pending.length === 0) return undefined;
    const end = this.#pending.indexOf(LF, this.#searched);
    if (end === -1 || end > bytesMax + 1) {
      this.#searched = this.#pending.length;
      if (end !== -1 || this.#pending.length > bytesMax + 1) throw tooLong(bytesMax);
      // What came may be overwritten once it was looked at.
      if (!this.#owned) this.#pending = Buffer.from(this.#pending);
      this.#owned = true;
      return undefined;
    }
    const stop = end > 0 && this.#pending[end - 1] === CR ? end - 1 : end;
    if (stop > bytesMax) throw tooLong(bytesMax);
    const line = this.#pending.subarray(0, stop);
    this.#drop(end + 1);
    return line;
  }

  /** At most `countMax` lines at once, each with its end; undefined while not one is complete. Throws as takeLine() does. */
  takeLines(bytesMax: number, countMax: number): Lines | undefined {
    let [from, count] = [0, 0];
    while (count < countMax) {
      const end = this.#pending.indexOf(LF, Math.max(from, this.#searched));
      if (end === -1 || end - from > bytesMax) break;
      from = end + 1;
      count += 1;
    }
    if (count === 0) return this.#onlyLine(bytesMax);
    const bytes = this.#pending.subarray(0, from);
    this.#drop(from);
    return { bytes, count };
  }

  /** A line that is incomplete, too long, or as long as can be. */
  #onlyLine(bytesMax: number): Lines | undefined {
    const line = this.takeLine(bytesMax);
    return line === undefined ? undefined : { bytes: Buffer.concat([line, NEWLINE]), count: 1 };
  }

  /** Everything that waits; the buffer is empty afterwards. */
  takeAll(): Buffer {
    const all = this.#pending;
    this.#drop(all.length);
    return all;
  }

  #drop(count: number): void {
    this.#pending = count === this.#pending.length ? EMPTY : this.#pending.subarray(count);
    this.#searched = 0;
  }
}

export function tooLong(bytesMax: number): BrokenSessionError {
  return new BrokenSessionError('line-too-long', `the server sent a line of more than ${bytesMax} bytes`, {
    retry: 'never',
    hint: 'No honest server does: check `host`, `port` and `tls` on the connection.',
  });
}
