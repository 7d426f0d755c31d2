// One buffer that a socket receives into, chunk behind chunk while there is room, and from its beginning again once all of it was taken.
import type { OnReadOpts } from 'node:net';

export class Inlet {
  readonly #buffer: Buffer;
  readonly #chunks: Buffer[] = [];
  readonly #given: () => void;
  #filled = 0;
  #stopped = false;

  /** `given` is told of every chunk. */
  constructor(buffer: Buffer, given: () => void) {
    this.#buffer = buffer;
    this.#given = given;
  }

  /** For Node's connect(), which asks for room before the first chunk and after each. */
  get onread(): OnReadOpts {
    return { buffer: () => this.#buffer.subarray(this.#filled), callback: bytes => this.#receive(bytes) };
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** The next chunk; it lies where it is until nextRound(). */
  take(): Buffer | undefined {
    return this.#chunks.shift();
  }

  /** All was taken and may be written over: true when the socket must be told to read on. */
  nextRound(): boolean {
    const stopped = this.#stopped;
    this.#stopped = false;
    return stopped;
  }

  /** False makes the socket stop reading. */
  #receive(bytes: number): boolean {
    const end = this.#filled + bytes;
    this.#chunks.push(this.#buffer.subarray(this.#filled, end));
    this.#stopped = end > this.#buffer.length / 2;
    this.#filled = this.#stopped ? 0 : end;
    this.#given();
    return !this.#stopped;
  }
}
