// Takes attachments out of archived messages into a folder: each once, under a safe name, never over another file.
//
//   message ──parsed──► wanted attachments ──written aside, fsynced──► placed under a free name ──► folder fsynced ──► journal line
//   A death in between: the message is taken up again, and a file with the same content under its name is that attachment.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import { formatSize } from '../../core/units.ts';
import { type ReadAttachment, readMail } from '../../mail/read.ts';
import { type ArchiveFiles, writeWhole } from '../files.ts';
import type { StoredMessage } from '../message-table.ts';
import { readRange } from '../month-source.ts';
import { wholeMessage } from '../reader.ts';
import { safeFileName, withTag } from './file-name.ts';
import { AttachmentJournal, type SavedFile } from './journal.ts';

export interface ExtractOptions {
  readonly files: ArchiveFiles;
  /** Of the account, whose lock is held. */
  readonly folder: string;
  /** Absolute; made when missing. */
  readonly target: string;
  /** Names the rule: another one takes every message up again. */
  readonly rule: string;
  readonly wants: (attachment: Pick<ReadAttachment, 'name' | 'type'>) => boolean;
  /** Committed ones. */
  readonly messages: Iterable<StoredMessage>;
  readonly read: (message: StoredMessage) => AsyncIterable<Buffer>;
  readonly now: () => number;
  /** What could not be taken, with the reason. */
  readonly skipped: (message: StoredMessage, reason: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Extracted {
  /** Files written now. */
  readonly saved: number;
  readonly bytes: number;
}

/** Of a bigger message nothing is taken. */
export const MESSAGE_BYTES_MAX = 100 * 1024 * 1024;
/** Of one message. */
export const FILES_MAX = 100;
/** So that so many of them fit into a line of the journal, whatever they are called. */
const TYPE_CHARS_MAX = 60;
/** Of the texts of a mail nothing is needed here. */
const NO_TEXT = 0;
const GROUP_MESSAGES_MAX = 200;
const TAG_CHARS = [8, 16, 64] as const;

export async function extractAttachments(options: ExtractOptions): Promise<Extracted> {
  const { files, folder, target, rule, messages } = options;
  const journal = await AttachmentJournal.open(files, folder, rule);
  const extracting = new Extracting(options);
  try {
    let group = 0;
    for (const message of messages) {
      if (journal.has(message.sha256)) continue;
      options.signal?.throwIfAborted();
      if (group === 0) await files.makeFolder(target);
      journal.add(message.sha256, await extracting.message(message), options.now());
      group += 1;
      if (group % GROUP_MESSAGES_MAX === 0) await extracting.commit(journal);
    }
    if (group > 0) await extracting.commit(journal);
    return extracting;
  } finally {
    await journal.close();
  }
}

function whereOf({ sha256 }: StoredMessage): string {
  return `it is archived whole: postrider archive show ${sha256.slice(0, 12)} --raw`;
}

class Extracting implements Extracted {
  saved = 0;
  bytes = 0;
  readonly #options: ExtractOptions;

  constructor(options: ExtractOptions) {
    this.#options = options;
  }

  async message(message: StoredMessage): Promise<readonly SavedFile[]> {
    const { read, wants, skipped } = this.#options;
    if (message.size > MESSAGE_BYTES_MAX) {
      skipped(message, `it has ${formatSize(message.size)}, too large to be taken apart; ${whereOf(message)}`);
      return [];
    }
    const mail = await readMail(await wholeMessage(message, read(message)), NO_TEXT).catch((error: unknown): undefined => {
      const reason = error instanceof AppError ? `${error.message}, too many to be taken apart` : 'it cannot be taken apart';
      skipped(message, `${reason}; ${whereOf(message)}`);
    });
    const wanted = mail?.attachments.filter(attachment => !attachment.related && wants(attachment)) ?? [];
    if (wanted.length > FILES_MAX) skipped(message, `it has ${wanted.length} attachments; the first ${FILES_MAX} are saved`);
    const saved: SavedFile[] = [];
    for (const attachment of wanted.slice(0, FILES_MAX)) saved.push(await this.#save(attachment));
    return saved;
  }

  async commit(journal: AttachmentJournal): Promise<void> {
    await this.#options.files.syncFolder(this.#options.target);
    await journal.commit();
  }

  async #save({ name, type, content }: ReadAttachment): Promise<SavedFile> {
    const { files, target } = this.#options;
    const sha256 = createHash('sha256').update(content).digest('hex');
    const saved = (file: string) => ({ file, sha256, size: content.length, type: printable(type).slice(0, TYPE_CHARS_MAX) });
    const plain = safeFileName(name);
    const candidates = [plain, ...TAG_CHARS.map(chars => withTag(plain, sha256.slice(0, chars)))];
    const aside = join(target, `.${sha256}.partial`);
    let written = false;
    try {
      for (const candidate of candidates) {
        const path = join(target, candidate);
        if (await this.#holds(path, sha256, content.length)) return saved(candidate);
        if (await files.exists(path)) continue;
        if (!written) await writeWhole(files, aside, content);
        written = true;
        if (!(await files.place(aside, path))) continue;
        this.saved += 1;
        this.bytes += content.length;
        return saved(candidate);
      }
    } finally {
      if (written) await files.remove(aside);
    }
    // The last candidate names the content whole, and something else stands there.
    throw new AppError('file-in-the-way', `${join(target, candidates.at(-1) ?? plain)} is in the way of an attachment`, {
      hint: 'Move it away and run again.',
    });
  }

  async #holds(path: string, sha256: string, size: number): Promise<boolean> {
    const file = await this.#options.files.open(path, 'read');
    if (file === undefined) return false;
    try {
      if ((await file.size()) !== size) return false;
      const hash = createHash('sha256');
      for await (const chunk of readRange(file, 0, size)) hash.update(chunk);
      return hash.digest('hex') === sha256;
    } finally {
      await file.close();
    }
  }
}
