// Appends to one month of a Maildir in groups: the messages are on the disk before the lines that tell of them.
//
//   append… ──commit──► files in tmp fsynced ──► manifest write, fdatasync ──► committed ──► renamed into new
//   A death before the last step leaves listed messages in tmp: the next start moves them. What no line lists is removed there.
import { join } from 'node:path';
import { MisuseError } from '../../core/errors.ts';
import type { AccountWriter, Arrival } from '../account-writer.ts';
import type { ArchiveFile, ArchiveFiles } from '../files.ts';
import { grouped } from '../grouped.ts';
import type { CompleteMessage } from '../incoming.ts';
import { manifestName } from '../layout.ts';
import { formatEntry, type ManifestEntry } from '../manifest.ts';
import { MAILDIR_FOLDERS, maildirName } from './maildir-name.ts';

/** So many files wait for the disk at once. */
const UNSYNCED_MAX = 32;

export class MaildirWriter implements AccountWriter {
  readonly month: string;
  readonly #files: ArchiveFiles;
  readonly #folder: string;
  readonly #manifest: ArchiveFile;
  /** Bytes of the manifest that are durable. */
  #durable: number;
  #lines: string[] = [];
  /** Files in tmp of the lines. */
  #names: string[] = [];
  /** On their way to the disk. */
  #syncs: Promise<void>[] = [];
  /** In tmp, and in no durable line. */
  readonly #unlisted = new Set<string>();
  #committing: Promise<void> = Promise.resolve();
  /** Set by the first failure or close(): nothing is written any more once it has resolved. */
  #failing: Promise<void> | undefined;

  private constructor(files: ArchiveFiles, folder: string, month: string, manifest: ArchiveFile, durable: number) {
    this.month = month;
    this.#files = files;
    this.#folder = folder;
    this.#manifest = manifest;
    this.#durable = durable;
  }

  static async open(files: ArchiveFiles, folder: string, month: string): Promise<MaildirWriter> {
    for (const name of MAILDIR_FOLDERS) await files.makeFolder(join(folder, name));
    const manifest = await files.open(join(folder, manifestName(month)), 'write');
    try {
      await files.syncFolder(folder);
      return new MaildirWriter(files, folder, month, manifest, await manifest.size());
    } catch (error) {
      await manifest.close().catch(() => undefined);
      throw error;
    }
  }

  /** Not durable before commit(). One at a time, but also while a commit is under way. */
  append(message: CompleteMessage, arrival: Arrival): Promise<ManifestEntry> {
    return this.#guarded(async () => {
      const { sha256, size, lineEnds, finalNewline, facts } = message;
      const entry = { sha256, size, offset: 0, length: 0, maildir: true, lineEnds, finalNewline, ...arrival, ...facts };
      const name = maildirName(entry);
      this.#unlisted.add(name);
      await this.#write(this.#path('tmp', name), message.octets());
      this.#lines.push(formatEntry(entry));
      this.#names.push(name);
      return entry;
    });
  }

  /** Everything appended before the call is durable when it resolves. */
  commit(): Promise<void> {
    return this.#guarded(async () => {
      const [lines, names, syncs] = [this.#lines, this.#names, this.#syncs];
      [this.#lines, this.#names, this.#syncs] = [[], [], []];
      this.#committing = Promise.all([this.#committing, ...syncs]).then(() => this.#commit(Buffer.from(lines.join('')), names));
      await this.#committing;
    });
  }

  /** What was not committed is removed. */
  async close(): Promise<void> {
    this.#failing ??= this.#settled().then(() => this.#takeBack());
    await this.#failing;
    await this.#manifest.close().catch(() => undefined);
  }

  async #write(path: string, octets: AsyncIterable<Buffer>): Promise<void> {
    const file = await this.#files.open(path, 'write');
    try {
      await file.truncate(0);
      let at = 0;
      for await (const bytes of grouped(octets)) {
        await file.write(bytes, at);
        at += bytes.length;
      }
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
    const sync = file.sync().finally(() => file.close());
    // Who awaits it in commit() hears of a failure.
    sync.catch(() => undefined);
    this.#syncs.push(sync);
    if (this.#syncs.length % UNSYNCED_MAX === 0) await Promise.all(this.#syncs);
  }

  async #commit(lines: Buffer, names: readonly string[]): Promise<void> {
    if (lines.length === 0) return;
    await this.#files.syncFolder(join(this.#folder, 'tmp'));
    await this.#manifest.write(lines, this.#durable);
    await this.#manifest.sync();
    this.#durable += lines.length;
    for (const name of names) this.#unlisted.delete(name);
    for (const name of names) await this.#files.rename(this.#path('tmp', name), this.#path('new', name));
    for (const folder of ['new', 'tmp']) await this.#files.syncFolder(join(this.#folder, folder));
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    if (this.#failing !== undefined) throw new MisuseError('this Maildir failed before and is not written any more');
    try {
      return await work();
    } catch (error) {
      this.#failing ??= this.#settled().then(() => this.#takeBack());
      await this.#failing;
      throw error;
    }
  }

  /** Nothing is on its way to the disk any more. */
  async #settled(): Promise<void> {
    await Promise.allSettled([this.#committing, ...this.#syncs]);
  }

  /** As well as it goes; the next start does the same. */
  async #takeBack(): Promise<void> {
    if (this.#unlisted.size === 0) return;
    try {
      await this.#manifest.truncate(this.#durable);
      await this.#manifest.sync();
      for (const name of this.#unlisted) await this.#files.remove(this.#path('tmp', name));
    } catch {
      return;
    }
  }

  #path(folder: string, name: string): string {
    return join(this.#folder, folder, name);
  }
}
