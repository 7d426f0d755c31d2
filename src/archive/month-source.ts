// Where the records of a month are read from: its mbox, by byte range.
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { ArchiveFile, ArchiveFiles } from './files.ts';
import { mboxName } from './layout.ts';

const READ_BYTES = 64 * 1024;

export interface MonthSource {
  /** For messages. */
  readonly path: string;
  /** Bytes of the mbox. */
  size(): Promise<number>;
  /** Bytes [from, to), fewer where the mbox ends. */
  read(from: number, to: number): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/** Undefined when the month has no messages on this disk. */
export async function openMonth(files: ArchiveFiles, folder: string, month: string): Promise<MonthSource | undefined> {
  const path = join(folder, mboxName(month));
  const file = await files.open(path, 'read');
  if (file === undefined) return undefined;
  return { path, size: () => file.size(), read: (from, to) => readRange(file, from, to), close: () => file.close() };
}

/** The same, or `archive-file-missing`. */
export async function openMonthOrThrow(files: ArchiveFiles, folder: string, month: string): Promise<MonthSource> {
  const source = await openMonth(files, folder, month);
  if (source !== undefined) return source;
  throw new AppError('archive-file-missing', `${join(folder, mboxName(month))} is not there`, {
    hint: 'Restore it from a backup.',
  });
}

export async function* readRange(file: ArchiveFile, from: number, to: number): AsyncGenerator<Buffer> {
  for (let at = from; at < to; ) {
    const into = Buffer.allocUnsafe(Math.min(READ_BYTES, to - at));
    const count = await file.read(into, at);
    if (count === 0) return;
    yield into.subarray(0, count);
    at += count;
  }
}
