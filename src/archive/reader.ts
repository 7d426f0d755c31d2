// Gives archived messages back, octet for octet, and proves that what lies on the disk is what was received.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { loadIndex } from './account-index.ts';
import { type ArchiveFiles, nodeFiles } from './files.ts';
import { INDEX_NAME, README_NAME } from './layout.ts';
import { MaildirSource } from './maildir/maildir-source.ts';
import { decodeRecord } from './mbox/record.ts';
import type { StoredMessage } from './message-table.ts';
import { openMonthOrThrow } from './month.ts';
import type { MonthSource } from './month-source.ts';

/** Reads messages of one account; keeps the file of the last month open until close(). */
export class MessageReader {
  readonly #files: ArchiveFiles;
  readonly #folder: string;
  readonly #maildir: MaildirSource;
  #open: { readonly month: string; readonly source: MonthSource } | undefined;

  constructor(files: ArchiveFiles, folder: string) {
    this.#files = files;
    this.#folder = folder;
    this.#maildir = new MaildirSource(files, folder);
  }

  /** The exact octets that were received, if verify() says so. */
  async *read(message: StoredMessage): AsyncGenerator<Buffer> {
    if (message.maildir) return yield* this.#maildir.read(message);
    const source = await this.#month(message.month);
    yield* decodeRecord((from, to) => source.read(from, to), message);
  }

  /** Reads the record from the disk and compares its hash. */
  async verify(message: StoredMessage): Promise<boolean> {
    const hash = createHash('sha256');
    for await (const chunk of this.read(message)) hash.update(chunk);
    return hash.digest('hex') === message.sha256;
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.source.close();
  }

  async #month(month: string): Promise<MonthSource> {
    if (this.#open?.month === month) return this.#open.source;
    await this.close();
    const source = await openMonthOrThrow(this.#files, this.#folder, month);
    this.#open = { month, source };
    return source;
  }
}

/** A message in memory, without a second copy of it while it is read. */
export async function wholeMessage({ size }: Pick<StoredMessage, 'size'>, octets: AsyncIterable<Buffer>): Promise<Buffer> {
  const whole = Buffer.alloc(size);
  let at = 0;
  for await (const chunk of octets) at += chunk.copy(whole, at);
  return whole.subarray(0, at);
}

/** One message of any account of an archive, by its hash: its exact octets. Throws `message-unknown`. */
export async function* readMessage(root: string, sha256: string, files: ArchiveFiles = nodeFiles): AsyncGenerator<Buffer> {
  for (const account of await listAccounts(root, files)) {
    const folder = join(root, account);
    const { index } = await loadIndex(files, folder);
    const message = index.get(sha256);
    if (message === undefined) continue;
    const reader = new MessageReader(files, folder);
    try {
      yield* reader.read(message);
    } finally {
      await reader.close();
    }
    return;
  }
  throw new AppError('message-unknown', `${root}: there is no message ${sha256}`, { hint: 'The manifests list every message.' });
}

/** Folder names of the accounts of an archive. */
export async function listAccounts(root: string, files: ArchiveFiles = nodeFiles): Promise<readonly string[]> {
  const accounts: string[] = [];
  for (const name of await files.list(root)) {
    if (name.startsWith('.') || name === README_NAME || name.startsWith(INDEX_NAME)) continue;
    accounts.push(name);
  }
  return accounts;
}
