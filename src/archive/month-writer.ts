// Appends to one month's mbox and manifest in groups: the bytes are on the disk before the lines that tell of them.
//
//   append… ──commit──► mbox fdatasync ──► manifest write, fdatasync ──► committed
//   any failure ──► manifest cut back, synced ──► mbox cut back ──► this writer is finished (a failed fsync is never tried again)
import { join } from 'node:path';
import { MisuseError } from '../core/errors.ts';
import type { ArchiveFile, ArchiveFiles } from './files.ts';
import type { CompleteMessage } from './incoming.ts';
import { manifestName, mboxName } from './layout.ts';
import { formatEntry, type ManifestEntry } from './manifest.ts';
import { encodeRecord } from './record.ts';

const WRITE_BYTES = 1024 * 1024;

export interface Arrival {
  readonly uidl: string | undefined;
  /** Epoch milliseconds. */
  readonly fetchedAt: number;
}

export class MonthWriter {
  readonly month: string;
  readonly #mbox: ArchiveFile;
  readonly #manifest: ArchiveFile;
  /** What is durable; everything beyond may be cut off. */
  #durable: { readonly mbox: number; readonly manifest: number };
  #lines: string[] = [];
  #buffer: Buffer[] = [];
  #buffered = 0;
  #written: number;
  #failed = false;

  private constructor(month: string, mbox: ArchiveFile, manifest: ArchiveFile, durable: { mbox: number; manifest: number }) {
    this.month = month;
    this.#mbox = mbox;
    this.#manifest = manifest;
    this.#durable = durable;
    this.#written = durable.mbox;
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

  /** Not durable before commit(). */
  append(message: CompleteMessage, arrival: Arrival): Promise<ManifestEntry> {
    return this.#guarded(async () => {
      const offset = this.#written + this.#buffered;
      for await (const chunk of encodeRecord(message.octets(), message, arrival.fetchedAt)) {
        this.#buffer.push(chunk);
        this.#buffered += chunk.length;
        if (this.#buffered >= WRITE_BYTES) await this.#flush();
      }
      const { sha256, size, lineEnds, finalNewline, facts } = message;
      const length = this.#written + this.#buffered - offset;
      const entry = { sha256, size, offset, length, lineEnds, finalNewline, ...arrival, ...facts };
      this.#lines.push(formatEntry(entry));
      return entry;
    });
  }

  /** Everything appended so far is durable when it resolves; nothing of the group counts when it throws. */
  commit(): Promise<void> {
    return this.#guarded(async () => {
      if (this.#lines.length === 0) return;
      await this.#flush();
      await this.#mbox.sync();
      const lines = Buffer.from(this.#lines.join(''));
      await this.#manifest.write(lines, this.#durable.manifest);
      await this.#manifest.sync();
      this.#durable = { mbox: this.#written, manifest: this.#durable.manifest + lines.length };
      this.#lines = [];
    });
  }

  /** What was not committed is cut off. */
  async close(): Promise<void> {
    if (!this.#failed && this.#lines.length > 0) await this.#cutBack();
    this.#failed = true;
    await quietly(this.#mbox.close());
    await quietly(this.#manifest.close());
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#buffer);
    await this.#mbox.write(bytes, this.#written);
    this.#written += bytes.length;
    this.#buffer = [];
    this.#buffered = 0;
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    if (this.#failed) throw new MisuseError('this month’s files failed before and are not written any more');
    try {
      return await work();
    } catch (error) {
      this.#failed = true;
      await this.#cutBack();
      throw error;
    }
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
