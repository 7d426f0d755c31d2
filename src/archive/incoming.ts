// A message on its way into the archive: hashed and looked at while it comes, in memory as long as it is small, else in a spool file.
// Nothing of it touches the mbox before it is complete and its hash is known.
import { createHash } from 'node:crypto';
import type { ArchiveFile, ArchiveFiles } from './files.ts';
import { HeaderPeek, type MessageFacts } from './headers.ts';
import { LineEndScan, type LineEnds } from './line-ends.ts';

/** A bigger message goes to the spool file. */
export const MEMORY_BYTES_MAX = 4 * 1024 * 1024;
/** Small pieces, so that what is done with them leaves little for the garbage collector to catch up with. */
const SPOOL_READ_BYTES = 64 * 1024;
/** Written at once, from one buffer again and again. */
const SPOOL_WRITE_BYTES = 256 * 1024;
/** Pieces that wait in memory; more of them are joined, for a piece of one byte takes a hundred. */
const PIECES_MAX = 1_024;

/** A message that has come whole. */
export interface CompleteMessage {
  readonly sha256: string;
  readonly size: number;
  readonly lineEnds: LineEnds;
  readonly finalNewline: boolean;
  readonly facts: MessageFacts;
  /** The exact octets, as often as wanted until discard(). */
  octets(): AsyncIterable<Buffer>;
}

export interface IncomingOptions {
  readonly files: ArchiveFiles;
  readonly spoolPath: string;
  readonly memoryBytesMax?: number;
}

export class Incoming {
  readonly #options: IncomingOptions;
  readonly #hash = createHash('sha256');
  readonly #scan = new LineEndScan();
  readonly #peek = new HeaderPeek();
  #memory: Buffer[] = [];
  /** At the end of #memory, since it was joined last. */
  #pieces = 0;
  #size = 0;
  #spool: ArchiveFile | undefined;
  #spooled = 0;
  #staging: Buffer | undefined;

  constructor(options: IncomingOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  async push(chunk: Buffer): Promise<void> {
    this.#hash.update(chunk);
    this.#scan.push(chunk);
    this.#peek.push(chunk);
    this.#memory.push(chunk);
    this.#pieces += 1;
    this.#size += chunk.length;
    if (this.#pieces >= PIECES_MAX) this.#join();
    const { memoryBytesMax = MEMORY_BYTES_MAX } = this.#options;
    const most = this.#spool === undefined ? memoryBytesMax : Math.min(memoryBytesMax, SPOOL_WRITE_BYTES);
    if (this.#size - this.#spooled > most) await this.#unload();
  }

  /** Call it once, after the last octet. */
  complete(): CompleteMessage {
    return {
      sha256: this.#hash.digest('hex'),
      size: this.#size,
      lineEnds: this.#scan.lineEnds,
      finalNewline: this.#scan.finalNewline,
      facts: this.#peek.facts(),
      octets: () => this.#octets(),
    };
  }

  /** Gives the spool file back. */
  async discard(): Promise<void> {
    const spool = this.#spool;
    this.#spool = undefined;
    this.#memory = [];
    if (spool === undefined) return;
    await spool.close();
    await this.#options.files.remove(this.#options.spoolPath);
  }

  #join(): void {
    this.#memory.push(Buffer.concat(this.#memory.splice(-this.#pieces)));
    this.#pieces = 0;
  }

  async #unload(): Promise<void> {
    const { files, spoolPath } = this.#options;
    if (this.#spool === undefined) {
      this.#spool = await files.open(spoolPath, 'write');
      await this.#spool.truncate(0);
    }
    this.#staging ??= Buffer.allocUnsafe(SPOOL_WRITE_BYTES);
    let staged = 0;
    for (const piece of this.#memory) {
      for (let at = 0; at < piece.length; ) {
        const copied = piece.copy(this.#staging, staged, at);
        at += copied;
        staged += copied;
        if (staged === this.#staging.length) staged = await this.#write(this.#spool, this.#staging);
      }
    }
    if (staged > 0) await this.#write(this.#spool, this.#staging.subarray(0, staged));
    this.#memory = [];
    this.#pieces = 0;
  }

  async #write(spool: ArchiveFile, bytes: Buffer): Promise<0> {
    await spool.write(bytes, this.#spooled);
    this.#spooled += bytes.length;
    return 0;
  }

  async *#octets(): AsyncGenerator<Buffer> {
    for (let at = 0; this.#spool !== undefined && at < this.#spooled; ) {
      const into = Buffer.allocUnsafe(Math.min(SPOOL_READ_BYTES, this.#spooled - at));
      const count = await this.#spool.read(into, at);
      if (count === 0) break;
      yield into.subarray(0, count);
      at += count;
    }
    yield* this.#memory;
  }
}
