// A message on its way into the archive: hashed and looked at while it comes, in memory as long as it is small, else in a spool file.
// Nothing of it touches the mbox before it is complete and its hash is known.
import { createHash, type Hash, hash } from 'node:crypto';
import { giveBack } from '../core/memory.ts';
import type { ArchiveFile, ArchiveFiles } from './files.ts';
import { factsOf, HeaderPeek, type MessageFacts } from './headers.ts';
import { LineEndScan, type LineEnds } from './line-ends.ts';

/** A bigger message goes to the spool file. */
const MEMORY_BYTES_MAX = 4 * 1024 * 1024;
/** At first; it doubles as it fills. */
const MEMORY_BYTES_MIN = 8 * 1024;
/** In small pieces, through one buffer again and again. */
const READ_BYTES = 64 * 1024;
const SPOOL_WRITE_BYTES = 256 * 1024;
const EMPTY = Buffer.alloc(0);

/** A message that has come whole. */
export interface CompleteMessage {
  readonly sha256: string;
  readonly size: number;
  readonly lineEnds: LineEnds;
  readonly finalNewline: boolean;
  readonly facts: MessageFacts;
  /** The exact octets where they are all in memory, until discard(). */
  readonly memory: Buffer | undefined;
  /** The exact octets, as often as wanted until discard(); a piece is valid until the next is asked for. */
  readonly octets: () => AsyncIterable<Buffer>;
}

export interface IncomingOptions {
  readonly files: ArchiveFiles;
  readonly spoolPath: string;
  readonly memoryBytesMax?: number;
}

export class Incoming {
  readonly #options: IncomingOptions;
  /** Of what is spooled; what stays in memory is hashed at once. */
  #hash: Hash | undefined;
  readonly #scan = new LineEndScan();
  /** The same. */
  #peek: HeaderPeek | undefined;
  /** What is not spooled, and how much that is. */
  #memory: Buffer = EMPTY;
  #used = 0;
  #spool: ArchiveFile | undefined;
  #spooled = 0;

  constructor(options: IncomingOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#spooled + this.#used;
  }

  /** False: it does not fit in memory, and push() has to take it. Takes a copy: the chunk may be overwritten afterwards. */
  keep(chunk: Buffer): boolean {
    if (this.#used + chunk.length > this.#most) return false;
    this.#scan.push(chunk);
    this.#copy(chunk);
    return true;
  }

  /** Takes any chunk, which may be overwritten when it resolves. */
  async push(chunk: Buffer): Promise<void> {
    if (this.keep(chunk)) return;
    this.#scan.push(chunk);
    await this.#unload();
    if (chunk.length > this.#most) await this.#write(chunk);
    else this.#copy(chunk);
  }

  /** Call it once, after the last octet. */
  complete(): CompleteMessage {
    const rest = this.#memory.subarray(0, this.#used);
    this.#peek?.push(rest);
    return {
      sha256: this.#hash?.update(rest).digest('hex') ?? hash('sha256', rest),
      size: this.size,
      lineEnds: this.#scan.lineEnds,
      finalNewline: this.#scan.finalNewline,
      facts: this.#peek?.facts() ?? factsOf(rest),
      memory: this.#spool === undefined ? rest : undefined,
      octets: () => this.#octets(),
    };
  }

  /** Gives memory and spool file back. */
  async discard(): Promise<void> {
    const spool = this.#spool;
    this.#spool = undefined;
    giveBack(this.#memory);
    this.#memory = EMPTY;
    this.#used = 0;
    if (spool === undefined) return;
    await spool.close();
    await this.#options.files.remove(this.#options.spoolPath);
  }

  /** Bytes that may stand in memory. */
  get #most(): number {
    const { memoryBytesMax = MEMORY_BYTES_MAX } = this.#options;
    return this.#spool === undefined ? memoryBytesMax : Math.min(memoryBytesMax, SPOOL_WRITE_BYTES);
  }

  #copy(chunk: Buffer): void {
    const used = this.#used + chunk.length;
    if (used > this.#memory.length) {
      const before = this.#memory;
      const doubled = Math.max(MEMORY_BYTES_MIN, before.length * 2);
      this.#memory = Buffer.allocUnsafeSlow(Math.max(used, Math.min(this.#most, doubled)));
      before.copy(this.#memory, 0, 0, this.#used);
      giveBack(before);
    }
    chunk.copy(this.#memory, this.#used);
    this.#used = used;
  }

  /** Writes what is in memory to the spool file. */
  async #unload(): Promise<void> {
    await this.#write(this.#memory.subarray(0, this.#used));
    this.#used = 0;
    if (this.#memory.length <= this.#most) return;
    giveBack(this.#memory);
    this.#memory = EMPTY;
  }

  async #write(bytes: Buffer): Promise<void> {
    const { files, spoolPath } = this.#options;
    if (this.#spool === undefined) {
      this.#spool = await files.open(spoolPath, 'write');
      await this.#spool.truncate(0);
    }
    this.#hash ??= createHash('sha256');
    this.#hash.update(bytes);
    this.#peek ??= new HeaderPeek();
    this.#peek.push(bytes);
    await this.#spool.write(bytes, this.#spooled);
    this.#spooled += bytes.length;
  }

  async *#octets(): AsyncGenerator<Buffer> {
    const into = this.#spool === undefined ? EMPTY : Buffer.allocUnsafeSlow(READ_BYTES);
    for (let at = 0; this.#spool !== undefined && at < this.#spooled; ) {
      const count = await this.#spool.read(into.subarray(0, this.#spooled - at), at);
      if (count === 0) break;
      yield into.subarray(0, count);
      at += count;
    }
    for (let at = 0; at < this.#used; at += READ_BYTES) yield this.#memory.subarray(at, Math.min(at + READ_BYTES, this.#used));
  }
}
