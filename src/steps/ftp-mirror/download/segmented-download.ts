// One large file over several sessions: it begins on one, and as long as more bring more, others take half of what the slowest still has.
//
//   alone ── 3 s, enough left ──► one helper ── faster by then ──► one more … every 2 s, as many as there are lanes
//   a part is done ──► the next that nobody has, else half of the largest ──► … ──► nothing left: the trailer is cut off
import type { Clock } from '../../../core/clock.ts';
import { AppError, fileError, RefusedError } from '../../../core/errors.ts';
import { printable } from '../../../core/text.ts';
import type { FtpClient } from '../../../protocols/ftp/index.ts';
import type { LocalFile } from '../local-file.ts';
import type { Pool } from '../sessions/pool.ts';
import { readTrailer, type Segment, Segments, TRAILER_BYTES_MAX, trailerOf } from './segments.ts';

/** Smaller files come over one session. */
export const SEGMENTED_BYTES_MIN = 16 * 1024 * 1024;

const ALONE_MS = 3_000;
const JUDGED_EVERY_MS = 2_000;
/** A further session must bring this much. */
const GAIN_MIN = 1.1;
const JOURNAL_BYTES = 64 * 1024 * 1024;

export interface SegmentedOptions {
  readonly file: LocalFile;
  /** As messages call it. */
  readonly name: string;
  readonly remote: string;
  readonly size: number;
  /** May what is in the file be built on? */
  readonly resume: boolean;
  readonly pool: Pick<Pool, 'use' | 'lanes'>;
  readonly clock: Clock;
  /** Received and written at once. */
  readonly chunkBytes: number;
  readonly take: (bytes: number) => Promise<void> | undefined;
  readonly moved: (position: number, bytes: number) => void;
}

export class SegmentedDownload {
  readonly #options: SegmentedOptions;
  readonly #segments: Segments;
  readonly #helping = new Set<Promise<void>>();
  /** Helpers asked for; some may still wait for a session. */
  #helpers = 0;
  #over = false;
  /** The file has had a trailer. */
  #apart: boolean;
  #sinceJournal = 0;
  #journal: Promise<void> = Promise.resolve();
  #judgement: { readonly at: number; readonly bytes: number; readonly rate: number };
  #bytes = 0;

  private constructor(options: SegmentedOptions, segments: Segments, apart: boolean) {
    this.#options = options;
    this.#segments = segments;
    this.#apart = apart;
    this.#judgement = { at: options.clock.elapsed() + ALONE_MS - JUDGED_EVERY_MS, bytes: 0, rate: 0 };
  }

  static async open(options: SegmentedOptions): Promise<SegmentedDownload> {
    const { file, size, resume } = options;
    const found = file.stat().size;
    if (resume && found <= size) return new SegmentedDownload(options, new Segments([[found, size]]), false);
    const trailer = Buffer.alloc(TRAILER_BYTES_MAX);
    if (resume) await file.read(trailer, 0, TRAILER_BYTES_MAX, size);
    const missing = resume ? readTrailer(trailer, size) : undefined;
    if (missing === undefined) file.truncate(0);
    return new SegmentedDownload(options, new Segments(missing ?? [[0, size]]), missing !== undefined);
  }

  /** Fetches all that is missing, on `client` and whatever sessions can be had besides. Throws what the first to fail threw. */
  async run(client: FtpClient): Promise<void> {
    const { file, size } = this.#options;
    this.#options.moved(this.#position, 0);
    try {
      while (this.#segments.left > 0) {
        const { left } = this.#segments;
        // Servers exist that end the session of a transfer given up: the helpers go on.
        if (client.usable || this.#helping.size === 0) await this.#work(client);
        if (this.#segments.left > 0 && this.#helping.size > 0) await Promise.race(this.#helping);
        else if (this.#segments.left === left) throw this.#mismatch('too little of', size);
      }
      this.#over = true;
      await this.#stopped();
      if (this.#apart) await this.#complete();
    } catch (error) {
      this.#over = true;
      await this.#stopped();
      if (this.#apart) this.#onDisk(() => file.write(trailerOf(this.#segments.missing), size));
      throw error;
    }
  }

  /** With holes it was longer than it will be: its size proves nothing until all of it is on the disk. */
  async #complete(): Promise<void> {
    const { file, name, size } = this.#options;
    try {
      await file.sync();
    } catch (error) {
      throw fileError(error, printable(name));
    }
    this.#onDisk(() => file.truncate(size));
  }

  async #stopped(): Promise<void> {
    await Promise.all(this.#helping);
    await this.#journal.catch(() => undefined);
  }

  async #work(client: FtpClient): Promise<void> {
    for (let segment = this.#segments.take(); segment !== undefined && !this.#over; segment = this.#segments.take()) {
      try {
        await this.#fetch(client, segment);
      } finally {
        segment.active = false;
      }
    }
  }

  async #fetch(client: FtpClient, segment: Segment): Promise<void> {
    const { file, remote, size, take, chunkBytes: fleetingBytes } = this.#options;
    if (segment.position >= segment.end) return;
    const offset = segment.position === 0 ? {} : { offset: segment.position };
    for await (const chunk of client.download(remote, { fleetingBytes, ...offset })) {
      if (this.#over) return;
      await take(chunk.length);
      const bytes = chunk.subarray(0, Math.max(0, segment.end - segment.position));
      if (segment.end === size && bytes.length < chunk.length) throw this.#mismatch('more than', size);
      this.#onDisk(() => file.write(bytes, segment.position));
      segment.position += bytes.length;
      this.#counted(bytes.length);
      if (segment.position >= segment.end && segment.end < size) return;
    }
    if (segment.position < segment.end) throw this.#mismatch(`${segment.position} of`, size);
  }

  #counted(bytes: number): void {
    this.#bytes += bytes;
    this.#sinceJournal += bytes;
    this.#options.moved(this.#position, bytes);
    this.#judge();
    if (!this.#apart || this.#sinceJournal < JOURNAL_BYTES) return;
    this.#sinceJournal = 0;
    this.#journal = this.#journal.then(() => this.#note());
    this.#journal.catch(() => undefined);
  }

  get #position(): number {
    return this.#options.size - this.#segments.left;
  }

  /** One more helper while the last one has made it faster. */
  #judge(): void {
    const { clock, pool } = this.#options;
    const now = clock.elapsed();
    const { at, bytes, rate } = this.#judgement;
    if (now - at < JUDGED_EVERY_MS) return;
    const faster = (this.#bytes - bytes) / (now - at);
    const worthIt = faster >= rate * GAIN_MIN;
    this.#judgement = { at: now, bytes: this.#bytes, rate: worthIt ? faster : Number.POSITIVE_INFINITY };
    if (worthIt && this.#helpers < pool.lanes - 1 && this.#segments.splittable) this.#help();
  }

  /** A session of its own for part of the file, whenever one is free; without it, the others do its part. */
  #help(): void {
    const { file, size, pool } = this.#options;
    if (!this.#apart) this.#onDisk(() => file.write(trailerOf(this.#segments.missing), size));
    this.#apart = true;
    this.#helpers += 1;
    const helped = pool.use(client => {
      if (this.#over) return Promise.resolve();
      const work = this.#work(client);
      const quiet = work.catch(() => undefined).finally(() => this.#helping.delete(quiet));
      this.#helping.add(quiet);
      return work;
    });
    helped.catch(() => undefined);
  }

  /** What was written before is on the disk when the trailer says so. */
  async #note(): Promise<void> {
    const { file, size } = this.#options;
    const missing = this.#segments.missing;
    await file.sync();
    if (!this.#over) file.write(trailerOf(missing), size);
  }

  #onDisk(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw fileError(error, printable(this.#options.name));
    }
  }

  #mismatch(got: string, expected: number): AppError {
    return new AppError('size-mismatch', `${printable(this.#options.name)}: the server sent ${got} ${expected} bytes`, {
      retry: 'later',
      hint: 'The file is changing on the server, or the connection lost data; it is fetched again by the next attempt.',
    });
  }
}

/** The server does not begin in the middle of a file (REST). */
export function isRestRefused(error: unknown): boolean {
  return error instanceof RefusedError && /^(REST|RETR) /.test(error.refusal.command) && error.retry === 'never';
}
