// Lines that wait to be written, as bytes: hundreds of strings that live until a commit would be moved about by the garbage collector.

const BYTES_MIN = 64 * 1024;

export class PendingLines {
  #bytes = Buffer.allocUnsafeSlow(BYTES_MIN);
  #used = 0;

  get length(): number {
    return this.#used;
  }

  add(line: string): void {
    const most = this.#used + line.length * 3;
    if (most > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(most, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.#used);
      this.#bytes = larger;
    }
    this.#used += this.#bytes.write(line, this.#used);
  }

  /** All that were added since the last time. */
  take(): Buffer {
    const bytes = Buffer.from(this.#bytes.subarray(0, this.#used));
    this.#used = 0;
    return bytes;
  }
}
