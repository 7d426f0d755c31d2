// Where a session puts what it receives, chunk after chunk: a small buffer until a file fills it. Large ones for all sessions of a mirror
// are half of what V8 lets a young program hold before it collects everything, which takes as long as a dozen small files.

const SMALL_BYTES = 64 * 1024;

export class Landing {
  /** Of a chunk. */
  readonly bytesMax: number;
  #buffer: Buffer;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
    this.#buffer = Buffer.allocUnsafeSlow(Math.min(bytesMax, SMALL_BYTES));
  }

  get buffer(): Buffer {
    return this.#buffer;
  }

  /** More comes than the buffer takes at once: the next one is as large as may be. */
  grow(): void {
    if (this.#buffer.length < this.bytesMax) this.#buffer = Buffer.allocUnsafeSlow(this.bytesMax);
  }
}
