// One buffer that a socket receives into, chunk behind chunk while there is room, and from its beginning again once all of it was taken.
import type { Landing } from './landing.ts';

export class Inlet {
  readonly #landing: Landing;
  #buffer: Buffer;
  readonly #chunks: Buffer[] = [];
  #filled = 0;
  #isFull = false;

  constructor(landing: Landing) {
    this.#landing = landing;
    this.#buffer = landing.buffer;
  }

  /** Where the next bytes are to be put. */
  get room(): Buffer {
    return this.#filled === 0 ? this.#buffer : this.#buffer.subarray(this.#filled);
  }

  /** So many bytes have been put there. The chunk lies where it is until nextRound(). */
  receive(bytes: number): Buffer {
    const end = this.#filled + bytes;
    const chunk = this.#buffer.subarray(this.#filled, end);
    this.#isFull = end > this.#buffer.length / 2;
    this.#filled = this.#isFull ? 0 : end;
    if (end === this.#buffer.length) this.#grow();
    return chunk;
  }

  #grow(): void {
    this.#landing.grow();
    this.#buffer = this.#landing.buffer;
  }

  /** Until somebody takes it. */
  keep(chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  /** Nothing may be put there before all was taken. */
  get isFull(): boolean {
    return this.#isFull;
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** The next chunk that was kept. */
  take(): Buffer | undefined {
    return this.#chunks.shift();
  }

  /** All was taken and may be written over: true when the socket must be told to read on. */
  nextRound(): boolean {
    const wasFull = this.#isFull;
    this.#isFull = false;
    return wasFull;
  }
}
