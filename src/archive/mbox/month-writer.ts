// Appends to one month's mbox and manifest in groups: the bytes are on the disk before the lines that tell of them.
//
//   append… ──commit()──► mbox fdatasync ──► manifest write, fdatasync ──► committed
//   append… (the next group, while the disk is busy with the one before) ──commit()──► …
//   any failure ──► manifest cut back, synced ──► mbox cut back ──► this writer is finished (a failed fsync is never tried again)
import { join } from 'node:path';
import { MisuseError } from '../../core/errors.ts';
import type { AccountWriter, Arrival } from '../account-writer.ts';
import type { ArchiveFile, ArchiveFiles } from '../files.ts';
import type { CompleteMessage } from '../incoming.ts';
import { manifestName, mboxName } from '../layout.ts';
import { copyWithoutCr } from '../line-ends.ts';
import { formatEntry, type ManifestEntry } from '../manifest.ts';
import { PendingLines } from '../pending-lines.ts';
import { RecordEncoder } from './record.ts';

const WRITE_BYTES = 256 * 1024;
/** Buffers that may wait for the disk. */
const QUEUED_MAX = 2;

export class MonthWriter implements AccountWriter {
  readonly month: string;
  readonly #mbox: ArchiveFile;
  readonly #manifest: ArchiveFile;
  /** What is durable; everything beyond may be cut off. */
  #durable: { readonly mbox: number; readonly manifest: number };
  readonly #lines = new PendingLines();
  /** What comes next in the mbox, and how much of it is there. */
  #staging: Buffer = Buffer.allocUnsafeSlow(WRITE_BYTES);
  #staged = 0;
  /** Buffers that were written. */
  readonly #spare: Buffer[] = [];
  /** Buffers that wait to be written. */
  #queued = 0;
  /** Where #staging will begin in the mbox. */
  #end: number;
  /** The last write to the mbox, and the last commit; each waits for the one before. */
  #writing: Promise<void> = Promise.resolve();
  #committing: Promise<void> = Promise.resolve();
  /** Set by the first failure or close(): nothing is written any more once it has resolved. */
  #failing: Promise<void> | undefined;

  private constructor(month: string, mbox: ArchiveFile, manifest: ArchiveFile, durable: { mbox: number; manifest: number }) {
    this.month = month;
    this.#mbox = mbox;
    this.#manifest = manifest;
    this.#durable = durable;
    this.#end = durable.mbox;
  }

  /** The manifest is made first: an mbox without one is never the work of a crash. Both names are durable when it resolves. */
  static async open(files: ArchiveFiles, folder: string, month: string): Promise<MonthWriter> {
    const manifest = await files.open(join(folder, manifestName(month)), 'write');
    try {
      await files.syncFolder(folder);
      const mbox = await files.open(join(folder, mboxName(month)), 'write');
      try {
        await files.syncFolder(folder);
        return new MonthWriter(month, mbox, manifest, { mbox: await mbox.size(), manifest: await manifest.size() });
      } catch (error) {
        await quietly(mbox.close());
        throw error;
      }
    } catch (error) {
      await quietly(manifest.close());
      throw error;
    }
  }

  /** Not durable before commit(). One at a time, but also while a commit is under way. */
  append(message: CompleteMessage, arrival: Arrival): Promise<ManifestEntry> {
    return this.#guarded(async () => {
      const offset = this.#end + this.#staged;
      await this.#encode(message, arrival.fetchedAt);
      const { sha256, size, lineEnds, finalNewline, facts } = message;
      const length = this.#end + this.#staged - offset;
      const entry = { sha256, size, maildir: false, offset, length, lineEnds, finalNewline, ...arrival, ...facts };
      this.#lines.add(formatEntry(entry));
      return entry;
    });
  }

  /** Everything appended before the call is durable when it resolves; nothing of the group counts when it throws. */
  commit(): Promise<void> {
    return this.#guarded(async () => {
      const lines = this.#lines.take();
      const written = this.#flush();
      const mbox = this.#end;
      this.#committing = Promise.all([this.#committing, written]).then(() => this.#commit(lines, mbox));
      await this.#committing;
    });
  }

  /** What was not committed is cut off. */
  async close(): Promise<void> {
    if (this.#failing === undefined) await this.#settled();
    if (this.#lines.length > 0 || this.#staged > 0) this.#failing ??= this.#cutBack();
    await this.#failing;
    this.#failing ??= Promise.resolve();
    await quietly(this.#mbox.close());
    await quietly(this.#manifest.close());
  }

  async #commit(lines: Buffer, mbox: number): Promise<void> {
    if (lines.length === 0) return;
    await this.#mbox.sync();
    await this.#manifest.write(lines, this.#durable.manifest);
    await this.#manifest.sync();
    this.#durable = { mbox, manifest: this.#durable.manifest + lines.length };
  }

  /** A small message costs no promise. */
  async #encode({ memory, lineEnds, finalNewline, octets }: CompleteMessage, at: number): Promise<void> {
    const encoder = new RecordEncoder({ lineEnds, finalNewline }, at, (bytes, withoutCr) => this.#stage(bytes, withoutCr));
    if (memory !== undefined && memory.length <= WRITE_BYTES) encoder.push(memory);
    else {
      for await (const piece of octets()) {
        encoder.push(piece);
        if (this.#queued >= QUEUED_MAX) await this.#writing;
      }
    }
    encoder.finish();
    if (this.#queued >= QUEUED_MAX) await this.#writing;
  }

  #stage(bytes: Buffer, withoutCr: boolean): void {
    for (let from = 0; from < bytes.length; ) {
      if (this.#staged === this.#staging.length) this.#flush();
      const part = bytes.subarray(from, from + this.#staging.length - this.#staged);
      if (withoutCr) this.#staged = copyWithoutCr(part, this.#staging, this.#staged);
      else this.#staged += part.copy(this.#staging, this.#staged);
      from += part.length;
    }
  }

  /** Takes what is staged at once; resolves when it is written. */
  #flush(): Promise<void> {
    if (this.#staged === 0) return this.#writing;
    const [buffer, bytes, at] = [this.#staging, this.#staging.subarray(0, this.#staged), this.#end];
    this.#end += bytes.length;
    this.#staging = this.#spare.pop() ?? Buffer.allocUnsafeSlow(WRITE_BYTES);
    this.#staged = 0;
    this.#queued += 1;
    this.#writing = this.#writing.then(async () => {
      await this.#mbox.write(bytes, at);
      this.#queued -= 1;
      this.#spare.push(buffer);
    });
    // Who awaits it later hears of a failure.
    this.#writing.catch(() => undefined);
    return this.#writing;
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    if (this.#failing !== undefined) throw new MisuseError('this month’s files failed before and are not written any more');
    try {
      return await work();
    } catch (error) {
      this.#failing ??= this.#settled().then(() => this.#cutBack());
      await this.#failing;
      throw error;
    }
  }

  /** Nothing is on its way to the disk any more. */
  async #settled(): Promise<void> {
    await Promise.allSettled([this.#writing, this.#committing]);
  }

  /** The next start does the same from the manifest; the mbox must never become shorter than the manifest says. */
  async #cutBack(): Promise<void> {
    await quietly(
      (async () => {
        await this.#manifest.truncate(this.#durable.manifest);
        await this.#manifest.sync();
        await this.#mbox.truncate(this.#durable.mbox);
        await this.#mbox.sync();
      })(),
    );
  }
}

/** The error that matters is already on its way. */
async function quietly(work: Promise<void>): Promise<void> {
  await work.catch(() => undefined);
}
