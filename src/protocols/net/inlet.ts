// One buffer that a socket receives into again and again, instead of a new one for every read; read on only when its content was taken.
import type { OnReadOpts } from 'node:net';

export class Inlet {
  readonly #buffer: Buffer;
  #take: ((chunk: Buffer) => void) | undefined;
  #early: Buffer | undefined;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  /** For Node's connect(). It stops reading after each chunk, until resume(). */
  get onread(): OnReadOpts {
    return {
      buffer: this.#buffer,
      callback: bytes => {
        const chunk = this.#buffer.subarray(0, bytes);
        if (this.#take === undefined) this.#early = chunk;
        else this.#take(chunk);
        return false;
      },
    };
  }

  /** `take` is given every chunk; what it is given lies in the buffer until the socket reads on. */
  connect(take: (chunk: Buffer) => void): void {
    this.#take = take;
    if (this.#early !== undefined) take(this.#early);
    this.#early = undefined;
  }
}
