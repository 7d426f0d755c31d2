// Where the records of a month are read from, by byte range; here: its mbox.
import type { ArchiveFile, ArchiveFiles } from './files.ts';

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

/** Undefined when there is no such file. */
export async function openMbox(files: ArchiveFiles, path: string): Promise<MonthSource | undefined> {
  const file = await files.open(path, 'read');
  if (file === undefined) return undefined;
  return { path, size: () => file.size(), read: (from, to) => readRange(file, from, to), close: () => file.close() };
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
