// Takes the messages of an mbox file or a Maildir into an account; what is archived already, by its content, is not stored again.
//
// Both kinds of store usually hold LF for the CRLF of the wire. A message without any CR gets its CRLF back, so that its hash is that of
// the message as a server sends it; every other message is taken byte for byte.
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { AccountArchive } from './account.ts';
import { type ArchiveFile, type ArchiveFiles, nodeFiles } from './files.ts';
import { lfToCrlf } from './line-ends.ts';
import { FromLines } from './mbox/mbox-quote.ts';
import { findMboxMessages } from './mbox/mbox-scan.ts';
import { readRange } from './month-source.ts';

export interface ImportOptions {
  readonly archive: AccountArchive;
  /** Absolute: an mbox file, or a folder with cur or new. */
  readonly path: string;
  /** Epoch milliseconds: the time of archiving. */
  readonly now: () => number;
  readonly files?: ArchiveFiles;
  readonly onProgress?: (messages: number, bytes: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Imported {
  readonly found: number;
  readonly archived: number;
  readonly duplicates: number;
  /** Of the archived ones. */
  readonly bytes: number;
}

const GROUP_MESSAGES_MAX = 256;
const GROUP_BYTES_MAX = 16 * 1024 * 1024;
const CR = 0x0d;
const MAILDIR_FOLDERS: readonly string[] = ['cur', 'new'];

/** Everything is durable when it resolves; after a failure it may be run again. Throws `import-unknown` for neither of both. */
export async function importMail(options: ImportOptions): Promise<Imported> {
  const { path, files = nodeFiles } = options;
  const importing = new Importing(options);
  const folders = await maildirsIn(files, path);
  for (const folder of folders) await importMaildir(importing, files, folder);
  if (folders.length === 0) await importMbox(importing, files, path);
  await importing.commit();
  return importing.result();
}

/** It and its subfolders, which a Maildir++ has beside each other, a dot before their names. Empty when it is none. */
async function maildirsIn(files: ArchiveFiles, path: string): Promise<readonly string[]> {
  const subfolders = (await files.list(path)).filter(name => name.startsWith('.')).map(name => join(path, name));
  const maildirs: string[] = [];
  for (const folder of [path, ...subfolders])
    if ((await files.list(folder)).some(name => MAILDIR_FOLDERS.includes(name))) maildirs.push(folder);
  return maildirs;
}

async function importMaildir(importing: Importing, files: ArchiveFiles, path: string): Promise<void> {
  for (const folder of MAILDIR_FOLDERS) {
    for (const name of await files.list(join(path, folder))) {
      if (name.startsWith('.')) continue;
      const file = await files.open(join(path, folder, name), 'read');
      if (file === undefined) continue;
      try {
        const size = await file.size();
        let wire = true;
        for await (const chunk of readRange(file, 0, size)) wire &&= !chunk.includes(CR);
        await importing.take(() => octetsOf(file, { from: 0, to: size, restoreCr: wire, quoted: false }));
      } finally {
        await file.close();
      }
    }
  }
}

async function importMbox(importing: Importing, files: ArchiveFiles, path: string): Promise<void> {
  const file = await files.open(path, 'read');
  if (file === undefined) throw new AppError('file-missing', `${path}: no such file or folder`, { hint: 'Check the path.' });
  try {
    for await (const { from, to, hasCr } of findMboxMessages(readRange(file, 0, await sizeOf(file, path)), path)) {
      await importing.take(() => octetsOf(file, { from, to, restoreCr: !hasCr, quoted: true }));
    }
  } finally {
    await file.close();
  }
}

async function sizeOf(file: ArchiveFile, path: string): Promise<number> {
  try {
    await file.read(Buffer.alloc(1), 0);
    return await file.size();
  } catch (error) {
    throw new AppError('import-unknown', `${path} is neither an mbox file nor a Maildir`, {
      hint: 'A Maildir has a folder cur or new; name mbox files one by one.',
      cause: error,
    });
  }
}

interface Extract {
  readonly from: number;
  readonly to: number;
  readonly restoreCr: boolean;
  readonly quoted: boolean;
}

async function* octetsOf(file: ArchiveFile, { from, to, restoreCr, quoted }: Extract): AsyncGenerator<Buffer> {
  const convert = (chunk: Buffer) => (restoreCr ? lfToCrlf(chunk) : chunk);
  const unquote = quoted ? new FromLines('unquote') : undefined;
  for await (const chunk of readRange(file, from, to)) {
    for (const part of unquote?.push(chunk) ?? [chunk]) if (part.length > 0) yield convert(part);
  }
  const rest = unquote?.finish();
  if (rest !== undefined && rest.length > 0) yield convert(rest);
}

class Importing {
  readonly #options: ImportOptions;
  #counts = { found: 0, archived: 0, duplicates: 0, bytes: 0 };
  #read = 0;
  #group = { messages: 0, bytes: 0 };

  constructor(options: ImportOptions) {
    this.#options = options;
  }

  result(): Imported {
    return this.#counts;
  }

  async take(octets: () => AsyncIterable<Buffer>): Promise<void> {
    const { archive, now, onProgress, signal } = this.#options;
    signal?.throwIfAborted();
    const incoming = archive.incoming();
    try {
      for await (const chunk of octets()) await incoming.push(chunk);
      const message = incoming.complete();
      const fate = await archive.store(message, { uidl: undefined, fetchedAt: now() });
      this.#counts.found += 1;
      this.#counts[fate === 'archived' ? 'archived' : 'duplicates'] += 1;
      if (fate === 'archived') this.#counts.bytes += message.size;
      this.#read += message.size;
      this.#group = { messages: this.#group.messages + 1, bytes: this.#group.bytes + message.size };
    } finally {
      await incoming.discard();
    }
    if (this.#group.messages >= GROUP_MESSAGES_MAX || this.#group.bytes >= GROUP_BYTES_MAX) await this.commit();
    onProgress?.(this.#counts.found, this.#read);
  }

  async commit(): Promise<void> {
    await this.#options.archive.commit();
    this.#group = { messages: 0, bytes: 0 };
  }
}
