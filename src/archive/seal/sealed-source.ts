// The records of a sealed month, by byte range: only the frame that holds them is unpacked, and what is read in order is unpacked once.
import { AppError } from '../../core/errors.ts';
import type { ArchiveFile, ArchiveFiles } from '../files.ts';
import { type MonthSource, readRange } from '../month-source.ts';
import { type Frame, readSeekTable } from './seek-table.ts';
import { decompressFrame } from './zstd.ts';

/** Undefined when there is no such file. Throws `archive-damaged` when it has no seek table. */
export async function openSealed(files: ArchiveFiles, path: string): Promise<MonthSource | undefined> {
  const file = await files.open(path, 'read');
  if (file === undefined) return undefined;
  try {
    return new SealedSource(file, path, await readSeekTable(file, path));
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** A frame that is being unpacked. */
interface Cursor {
  readonly frame: Frame;
  readonly chunks: AsyncGenerator<Buffer>;
  /** What came last, and where in the mbox it begins. */
  chunk: Buffer;
  at: number;
}

class SealedSource implements MonthSource {
  readonly path: string;
  readonly #file: ArchiveFile;
  readonly #frames: readonly Frame[];
  /** Of a frame that is damaged, how far it could be unpacked: nobody tries again. */
  readonly #brokenAt = new Map<Frame, number>();
  #cursor: Cursor | undefined;
  /** Readers that take turns on the one cursor. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(file: ArchiveFile, path: string, frames: readonly Frame[]) {
    this.#file = file;
    this.path = path;
    this.#frames = frames;
  }

  async size(): Promise<number> {
    const last = this.#frames.at(-1);
    return last === undefined ? 0 : last.from + last.size;
  }

  /** Throws `archive-damaged` where a frame cannot be unpacked. */
  async *read(from: number, to: number): AsyncGenerator<Buffer> {
    for (let at = from; at < to; ) {
      const frame = frameAt(this.#frames, at);
      if (frame === undefined) return;
      const position = at;
      const turn = this.#turn.then(() => this.#chunkAt(frame, position));
      this.#turn = turn.catch(() => undefined);
      const chunk = await turn;
      const part = chunk.subarray(0, to - at);
      yield part;
      at += part.length;
    }
  }

  async close(): Promise<void> {
    await this.#leave();
    await this.#file.close();
  }

  /** The unpacked bytes from there to the end of their chunk. */
  async #chunkAt(frame: Frame, at: number): Promise<Buffer> {
    if (at >= (this.#brokenAt.get(frame) ?? Number.POSITIVE_INFINITY)) throw this.#damaged(frame);
    const cursor = this.#cursor?.frame === frame && this.#cursor.at <= at ? this.#cursor : await this.#enter(frame);
    while (cursor.at + cursor.chunk.length <= at) {
      const next = await this.#next(cursor);
      cursor.at += cursor.chunk.length;
      cursor.chunk = next;
    }
    return cursor.chunk.subarray(at - cursor.at);
  }

  /** A frame that ends too early is as damaged as one that cannot be read. */
  async #next(cursor: Cursor): Promise<Buffer> {
    let failure: unknown;
    try {
      const { value, done } = await cursor.chunks.next();
      if (done !== true && value.length > 0) return value;
    } catch (error) {
      if (error instanceof AppError) throw error;
      failure = error;
    }
    this.#brokenAt.set(cursor.frame, cursor.at + cursor.chunk.length);
    throw this.#damaged(cursor.frame, failure);
  }

  async #enter(frame: Frame): Promise<Cursor> {
    await this.#leave();
    const chunks = decompressFrame(readRange(this.#file, frame.at, frame.at + frame.compressed));
    this.#cursor = { frame, chunks, chunk: Buffer.alloc(0), at: frame.from };
    return this.#cursor;
  }

  async #leave(): Promise<void> {
    const cursor = this.#cursor;
    this.#cursor = undefined;
    await cursor?.chunks.return(undefined);
  }

  #damaged({ at, compressed }: Frame, cause?: unknown): AppError {
    return new AppError('archive-damaged', `${this.path}: the frame at ${at} (${compressed} bytes) cannot be unpacked`, {
      hint: 'Restore the file from a backup; `postrider archive verify` names every message that is lost.',
      cause,
    });
  }
}

/** The frame that holds this byte of the mbox. */
function frameAt(frames: readonly Frame[], at: number): Frame | undefined {
  let [low, high] = [0, frames.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const frame = frames[middle];
    if (frame !== undefined && at >= frame.from + frame.size) low = middle + 1;
    else high = middle;
  }
  return frames[low];
}
