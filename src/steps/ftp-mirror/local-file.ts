// An open file on this disk. What takes microseconds is done at once: handing it to a thread and waiting for it costs ten times as much,
// and a mirror does nothing else. Reads that turn out to wait for the disk are handed over, so that sessions go on meanwhile.
import {
  closeSync,
  fchmodSync,
  fdatasync,
  fstatSync,
  fsync,
  ftruncateSync,
  futimesSync,
  openSync,
  read,
  readSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { nextTurn, systemClock } from '../../core/clock.ts';

const readElsewhere = promisify(read);
const syncElsewhere = promisify(fsync);
const dataSyncElsewhere = promisify(fdatasync);

/** Reads up to here are done at once, whatever the disk. */
export const READ_AT_ONCE_BYTES = 64 * 1024;
/** A larger read that takes longer waited for the disk, where the system's memory holds no more of the file; */
const SLOW_MS = 2;
/** so many after it are handed over, before one is tried at once again. */
const HANDED_OVER = 32;
/** Read at once without a turn for the network. */
const UNINTERRUPTED_BYTES = 4 * 1024 * 1024;

/** Written and not yet told to go to the disk. */
const SYNC_AHEAD_BYTES = 32 * 1024 * 1024;

/** Every method throws, or rejects with, Node's own error. Positions and lengths are bytes. */
export class LocalFile {
  readonly #fd: number;
  readonly #syncsAhead: boolean;
  #unsynced = 0;
  #ahead: Promise<void> | undefined;
  #toHandOver = 0;
  #uninterrupted = 0;

  private constructor(fd: number, syncsAhead: boolean) {
    this.#fd = fd;
    this.#syncsAhead = syncsAhead;
  }

  /** `syncsAhead`: sync() will be called once all is written, so writing to the disk begins before. */
  static open(path: string, flags: number, mode?: number, syncsAhead = false): LocalFile {
    return new LocalFile(openSync(path, flags, mode), syncsAhead);
  }

  stat(): Stats {
    return fstatSync(this.#fd);
  }

  /** At most READ_AT_ONCE_BYTES, from the beginning; fewer than asked for only at the end of the file. */
  readAtOnce(buffer: Buffer, length: number): number {
    return readSync(this.#fd, buffer, 0, length, 0);
  }

  /** Less than asked for only at the end of the file. */
  async read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }> {
    if (length <= READ_AT_ONCE_BYTES) return { bytesRead: readSync(this.#fd, buffer, offset, length, position) };
    if (this.#toHandOver > 0) {
      this.#toHandOver -= 1;
      return readElsewhere(this.#fd, buffer, offset, length, position);
    }
    this.#uninterrupted += length;
    if (this.#uninterrupted > UNINTERRUPTED_BYTES) {
      this.#uninterrupted = length;
      await nextTurn();
    }
    const start = systemClock.elapsed();
    const bytesRead = readSync(this.#fd, buffer, offset, length, position);
    if (systemClock.elapsed() - start > SLOW_MS) this.#toHandOver = HANDED_OVER;
    return { bytesRead };
  }

  /** All of it. */
  write(bytes: Uint8Array, position: number): void {
    this.#unsynced += bytes.length;
    if (this.#syncsAhead && this.#unsynced >= SYNC_AHEAD_BYTES) this.#syncAhead();
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#fd, bytes, done, bytes.length - done, position + done);
    }
  }

  /** A file that was cut off, even where there was nothing, is written to the disk by ext4 as soon as it is closed. */
  truncate(size: number): void {
    if (this.stat().size !== size) ftruncateSync(this.#fd, size);
  }

  chmod(mode: number): void {
    fchmodSync(this.#fd, mode);
  }

  setModified(epochMs: number): void {
    futimesSync(this.#fd, epochMs / 1_000, epochMs / 1_000);
  }

  /** Resolves when the content is on the disk. */
  async sync(): Promise<void> {
    await this.#ahead;
    await syncElsewhere(this.#fd);
  }

  /** What is still being synced ahead keeps the file open until it is done. */
  close(): void {
    if (this.#ahead === undefined) closeSync(this.#fd);
    else void this.#ahead.then(() => closeSync(this.#fd));
  }

  /** Large files go to the disk while the rest is still arriving; whether that worked is sync()'s to find out. */
  #syncAhead(): void {
    if (this.#ahead !== undefined) return;
    this.#unsynced = 0;
    this.#ahead = dataSyncElsewhere(this.#fd)
      .catch(() => undefined)
      .then(() => {
        this.#ahead = undefined;
      });
  }
}
