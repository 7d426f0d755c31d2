// One buffer that a socket receives into, chunk after chunk, where little comes: Node gets 64 KB of memory for every chunk.
import type { OnReadOpts } from 'node:net';

/** Replies of a server; more of them come in several chunks. */
const BUFFER_BYTES = 16 * 1024;

export class Intake {
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #early: Buffer[] = [];
  #take: ((chunk: Buffer) => void) | undefined;

  /** For Node's connect(). Chunks no longer come as events then. */
  get onread(): OnReadOpts {
    return {
      buffer: this.#buffer,
      callback: bytes => {
        const chunk = this.#buffer.subarray(0, bytes);
        if (this.#take === undefined) this.#early.push(Buffer.from(chunk));
        else this.#take(chunk);
        return true;
      },
    };
  }

  /** `take` is given every chunk, those that came before it first; it holds only until the next one comes. */
  pour(take: (chunk: Buffer) => void): void {
    this.#take = take;
    for (const chunk of this.#early.splice(0)) take(chunk);
  }
}
