// Copies messages into a new folder, octet for octet, each hash checked on the way. The folder has its name only once it is whole.
//
//   eml      FOLDER/<account>/<sha256>.eml         and FOLDER/SHA256SUMS for `sha256sum -c`
//   maildir  FOLDER/<account>/{tmp,new,cur}        and the same
//   mbox     FOLDER/<account>/YYYY-MM.mbox         with its manifest: an archive of its own, for `archive verify`
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { type CatalogOptions, type ListedMessage, listMessages } from './catalog.ts';
import { dateOf } from './date-of.ts';
import { type ArchiveFile, type ArchiveFiles, nodeFiles } from './files.ts';
import { grouped } from './grouped.ts';
import { MonthWriter } from './mbox/month-writer.ts';
import { MessageReader } from './reader.ts';

export type ExportFormat = 'eml' | 'maildir' | 'mbox';

const SUMS_NAME = 'SHA256SUMS';
const GROUP_MESSAGES_MAX = 500;

export interface ExportOptions extends CatalogOptions {
  readonly root: string;
  /** Absolute; must not exist. */
  readonly target: string;
  readonly format: ExportFormat;
  /** By the message’s own date, epoch milliseconds; where that cannot be read, by when it was archived. */
  readonly since?: number | undefined;
  /** Exclusive. */
  readonly until?: number | undefined;
  readonly onProgress?: (messages: number, bytes: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Exported {
  readonly messages: number;
  readonly bytes: number;
  readonly accounts: number;
}

/** Throws `export-exists`, `archive-damaged` (nothing is left behind under the target’s name), and what the disk says. */
export async function exportArchive(options: ExportOptions): Promise<Exported> {
  const { files = nodeFiles, root, target } = options;
  const partial = `${target}.partial`;
  for (const path of [target, partial]) await refuseExisting(files, path);
  await files.makeFolder(partial);
  const writer = WRITERS[options.format](files, partial);
  const tally = { messages: 0, bytes: 0, accounts: new Set<string>() };
  let reader: { readonly folder: string; readonly messages: MessageReader } | undefined;
  try {
    for await (const message of listMessages(root, options)) {
      options.signal?.throwIfAborted();
      if (!isWithin(message, options)) continue;
      if (reader?.folder !== message.folder) {
        await reader?.messages.close();
        reader = { folder: message.folder, messages: new MessageReader(files, message.folder) };
      }
      await writer.add(message, checked(reader.messages.read(message), message));
      tally.messages += 1;
      tally.bytes += message.size;
      tally.accounts.add(message.account);
      options.onProgress?.(tally.messages, tally.bytes);
    }
    await writer.finish();
  } finally {
    await reader?.messages.close();
    await writer.close();
  }
  await files.rename(partial, target);
  return { ...tally, accounts: tally.accounts.size };
}

function isWithin(message: ListedMessage, { since, until }: ExportOptions): boolean {
  const date = dateOf(message);
  return date >= (since ?? Number.NEGATIVE_INFINITY) && date < (until ?? Number.POSITIVE_INFINITY);
}

async function refuseExisting(files: ArchiveFiles, path: string): Promise<void> {
  if ((await files.exists(path)) === false) return;
  throw new AppError('export-exists', `${path} exists already`, { hint: 'Name a new folder, or remove this one first.' });
}

/** Passes the octets on; throws at their end when they are not those that came. */
async function* checked(octets: AsyncIterable<Buffer>, { sha256, folder, month }: ListedMessage): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for await (const chunk of octets) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest('hex') === sha256) return;
  throw new AppError('archive-damaged', `${join(folder, month)}: the message ${sha256} does not match its hash`, {
    hint: 'Nothing was exported. `postrider archive verify` names every damaged message.',
  });
}

interface ExportWriter {
  add(message: ListedMessage, octets: AsyncIterable<Buffer>): Promise<void>;
  finish(): Promise<void>;
  close(): Promise<void>;
}

const WRITERS: Readonly<Record<ExportFormat, (files: ArchiveFiles, folder: string) => ExportWriter>> = {
  eml: (files, folder) => new FileExport(files, folder, ({ account, sha256 }) => `${account}/${sha256}.eml`),
  maildir: (files, folder) => new FileExport(files, folder, maildirName, ['tmp', 'new', 'cur']),
  mbox: (files, folder) => new MboxExport(files, folder),
};

/** Unique by the hash; sorted by arrival, as readers of Maildir show it. */
function maildirName({ account, sha256, fetchedAt }: ListedMessage): string {
  return `${account}/cur/${Math.floor(fetchedAt / 1000)}.${sha256}.postrider:2,`;
}

/** One file a message. */
class FileExport implements ExportWriter {
  readonly #files: ArchiveFiles;
  readonly #folder: string;
  readonly #nameOf: (message: ListedMessage) => string;
  readonly #subfolders: readonly string[];
  readonly #accounts = new Set<string>();
  #sums: ArchiveFile | undefined;
  #sumsAt = 0;

  constructor(
    files: ArchiveFiles,
    folder: string,
    nameOf: (message: ListedMessage) => string,
    subfolders: readonly string[] = [''],
  ) {
    this.#files = files;
    this.#folder = folder;
    this.#nameOf = nameOf;
    this.#subfolders = subfolders;
  }

  async add(message: ListedMessage, octets: AsyncIterable<Buffer>): Promise<void> {
    if (!this.#accounts.has(message.account)) await this.#account(message.account);
    const name = this.#nameOf(message);
    const file = await this.#files.open(join(this.#folder, name), 'create');
    if (file === undefined) return;
    try {
      let at = 0;
      for await (const bytes of grouped(octets)) {
        await file.write(bytes, at);
        at += bytes.length;
      }
    } finally {
      await file.close();
    }
    await this.#sum(`${message.sha256}  ${name}\n`);
  }

  async finish(): Promise<void> {
    await this.#sum('');
  }

  async close(): Promise<void> {
    await this.#sums?.close();
    this.#sums = undefined;
  }

  async #account(account: string): Promise<void> {
    for (const name of this.#subfolders) await this.#files.makeFolder(join(this.#folder, account, name));
    this.#accounts.add(account);
  }

  async #sum(line: string): Promise<void> {
    this.#sums ??= await this.#files.open(join(this.#folder, SUMS_NAME), 'write');
    const bytes = Buffer.from(line);
    await this.#sums.write(bytes, this.#sumsAt);
    this.#sumsAt += bytes.length;
  }
}

/** The months as they are, with the messages that are wanted. */
class MboxExport implements ExportWriter {
  readonly #files: ArchiveFiles;
  readonly #folder: string;
  #open: { readonly folder: string; readonly writer: MonthWriter } | undefined;
  #group = 0;

  constructor(files: ArchiveFiles, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  async add(message: ListedMessage, octets: AsyncIterable<Buffer>): Promise<void> {
    const writer = await this.#month(message);
    const { sha256, size, lineEnds, finalNewline, messageId, date, from, subject, uidl, fetchedAt } = message;
    const facts = { messageId, date, from, subject };
    await writer.append(
      { sha256, size, lineEnds, finalNewline, facts, memory: undefined, octets: () => octets },
      { uidl, fetchedAt },
    );
    this.#group += 1;
    if (this.#group % GROUP_MESSAGES_MAX === 0) await writer.commit();
  }

  async finish(): Promise<void> {
    await this.#open?.writer.commit();
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.writer.close();
  }

  async #month({ account, month }: ListedMessage): Promise<MonthWriter> {
    const folder = join(this.#folder, account);
    if (this.#open?.folder === folder && this.#open.writer.month === month) return this.#open.writer;
    await this.finish();
    await this.close();
    await this.#files.makeFolder(folder);
    const writer = await MonthWriter.open(this.#files, folder, month);
    this.#open = { folder, writer };
    return writer;
  }
}
