// One account of an archive, opened for writing: the only way messages get in.
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { isAlive, thisProcess } from '../files/processes.ts';
import { type AccountIndex, firstSeen } from './account-index.ts';
import type { AccountWriter, Arrival } from './account-writer.ts';
import { type Extracted, type ExtractOptions, extractAttachments } from './attachments/extract.ts';
import { type ArchiveFiles, nodeFiles } from './files.ts';
import { type CompleteMessage, Incoming } from './incoming.ts';
import { accountFolder, monthAfter, monthOf, README_NAME, SPOOL_NAME } from './layout.ts';
import { type LockOptions, lockAccount } from './lock.ts';
import { MaildirWriter } from './maildir/maildir-writer.ts';
import { MonthWriter } from './mbox/month-writer.ts';
import type { StoredMessage } from './message-table.ts';
import { type QuarantineNote, writeQuarantine } from './quarantine.ts';
import { MessageReader } from './reader.ts';
import { README_TEXT } from './readme.ts';
import { type Recovery, recover } from './recover.ts';
import { type SealedMonth, type SealOptions, sealMonths } from './seal/seal.ts';
import { type AccountState, StateJournal, type StateLine } from './state.ts';

export interface ArchiveOptions {
  /** Absolute. */
  readonly root: string;
  /** Any text; made safe for a folder name. */
  readonly account: string;
  readonly clock: Clock;
  readonly files?: ArchiveFiles;
  /** Who takes the lock; default: this process. */
  readonly lock?: Pick<LockOptions, 'owner' | 'isAlive'>;
  readonly memoryBytesMax?: number;
  /** How new messages are stored; default: as a Maildir where the account is one already, else as mbox. */
  readonly format?: ArchiveFormat | undefined;
  /** Called as soon as the lock is ours; the repairs come after it. */
  readonly locked?: () => void;
}

export type ArchiveFormat = 'mbox' | 'maildir';

export type AttachmentOptions = Pick<ExtractOptions, 'target' | 'rule' | 'wants' | 'skipped' | 'signal'>;

/** Makes the folders, takes the lock, and repairs what a crash left. Throws `archive-locked`, `archive-damaged`, `disk-full`, … */
export async function openAccount(options: ArchiveOptions): Promise<AccountArchive> {
  return openFolder(accountFolder(options.root, options.account), options);
}

/** The same for an account whose folder is there. */
export async function openFolder(folder: string, options: Omit<ArchiveOptions, 'account'>): Promise<AccountArchive> {
  const { files = nodeFiles, root, clock } = options;
  await files.makeFolder(folder);
  await writeReadme(files, root);
  const owner = options.lock ?? { owner: thisProcess(), isAlive };
  const unlock = await lockAccount(folder, { files, clock, ...owner });
  try {
    options.locked?.();
    const format = options.format ?? ((await files.exists(join(folder, 'cur'))) ? 'maildir' : 'mbox');
    const recovery = await recover(files, folder);
    const journal = await StateJournal.open(files, folder);
    return new AccountArchive({
      files,
      folder,
      format,
      clock,
      recovery,
      journal,
      unlock,
      memoryBytesMax: options.memoryBytesMax,
    });
  } catch (error) {
    await unlock().catch(() => undefined);
    throw error;
  }
}

interface Parts {
  readonly files: ArchiveFiles;
  readonly folder: string;
  readonly format: ArchiveFormat;
  readonly clock: Clock;
  readonly recovery: Recovery;
  readonly journal: StateJournal;
  readonly unlock: () => Promise<void>;
  readonly memoryBytesMax: number | undefined;
}

export class AccountArchive {
  readonly #parts: Parts;
  readonly #reader: MessageReader;
  #writer: AccountWriter | undefined;
  #incoming = 0;
  #sealedMonth: string;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#sealedMonth = parts.recovery.sealedMonth ?? '';
    this.#reader = new MessageReader(parts.files, parts.folder);
  }

  get folder(): string {
    return this.#parts.folder;
  }

  get recovery(): Recovery {
    return this.#parts.recovery;
  }

  get index(): AccountIndex {
    return this.#parts.recovery.index;
  }

  get state(): AccountState {
    return this.#parts.journal.state;
  }

  /** A place for one message to arrive. */
  incoming(): Incoming {
    const { files, folder, memoryBytesMax } = this.#parts;
    this.#incoming += 1;
    const spoolPath = join(folder, `${SPOOL_NAME}.${this.#incoming}`);
    return new Incoming(memoryBytesMax === undefined ? { files, spoolPath } : { files, spoolPath, memoryBytesMax });
  }

  /** Stores a message unless its content is archived already. Durable after commit(). */
  async store(message: CompleteMessage, arrival: Arrival): Promise<'archived' | 'duplicate'> {
    const { uidl, fetchedAt } = arrival;
    if (this.index.get(message.sha256) !== undefined) {
      if (uidl !== undefined) this.remember({ uidl, state: 'duplicate', sha256: message.sha256, at: fetchedAt });
      return 'duplicate';
    }
    const writer = await this.#month(this.#openMonth(fetchedAt));
    this.index.add(writer.month, await writer.append(message, arrival));
    if (uidl !== undefined && this.state.gone.has(uidl))
      this.remember({ uidl, state: 'duplicate', sha256: message.sha256, at: fetchedAt });
    return 'archived';
  }

  /** The archived message that this UID stands for. */
  byUidl(uidl: string): StoredMessage | undefined {
    const duplicate = this.state.duplicates.get(uidl);
    return this.index.byUidl(uidl) ?? (duplicate === undefined ? undefined : this.index.get(duplicate.sha256));
  }

  messages(): Iterable<StoredMessage> {
    return this.index.messages();
  }

  firstSeen(uidl: string | undefined, stored: StoredMessage): number {
    return firstSeen(this.index, this.state, uidl, stored);
  }

  /** Durable after commit(). */
  remember(line: StateLine): void {
    this.#parts.journal.add(line);
  }

  /**
   * What was stored and remembered before the call is durable when it resolves: messages first, then what is remembered about them.
   * The next messages may be stored meanwhile. After a failure nothing more can be stored.
   */
  commit(): Promise<void> {
    return this.#parts.journal.commit(this.#writer?.commit());
  }

  /** Reads a committed message from the disk again and compares its hash. */
  verify(message: StoredMessage): Promise<boolean> {
    return this.#reader.verify(message);
  }

  read(message: StoredMessage): AsyncIterable<Buffer> {
    return this.#reader.read(message);
  }

  async quarantine(note: QuarantineNote): Promise<void> {
    await writeQuarantine(this.#parts.files, this.#parts.folder, note);
  }

  /** From committed messages; see extractAttachments. */
  extractAttachments(options: AttachmentOptions): Promise<Extracted> {
    const { files, folder, clock } = this.#parts;
    const messages = this.index.messages();
    return extractAttachments({
      ...options,
      files,
      folder,
      messages,
      read: message => this.read(message),
      now: () => clock.now(),
    });
  }

  /** Seals the months that are past. What was stored must be committed. */
  async *seal(options: Pick<SealOptions, 'signal' | 'onProgress'> = {}): AsyncGenerator<SealedMonth> {
    const { files, folder, clock } = this.#parts;
    const before = monthOf(clock.now());
    if (this.#writer !== undefined && this.#writer.month < before) {
      await this.#writer.close();
      this.#writer = undefined;
    }
    for await (const sealed of sealMonths({ files, folder, before, now: () => clock.now(), ...options })) {
      this.#sealedMonth = sealed.month;
      yield sealed;
    }
  }

  /** Cuts off what was not committed and gives the lock back. */
  async close(): Promise<void> {
    try {
      await this.#writer?.close();
      await this.#reader.close();
      await this.#parts.journal.close();
    } finally {
      await this.#parts.unlock();
    }
  }

  /** A clock that went back finds its month sealed: what comes then goes into the first open one. */
  #openMonth(fetchedAt: number): string {
    const month = monthOf(fetchedAt);
    return month > this.#sealedMonth ? month : monthAfter(this.#sealedMonth);
  }

  async #month(month: string): Promise<AccountWriter> {
    if (this.#writer?.month === month) return this.#writer;
    await this.#writer?.commit();
    await this.#writer?.close();
    this.#writer = undefined;
    const { files, folder, format } = this.#parts;
    this.#writer = await (format === 'maildir' ? MaildirWriter : MonthWriter).open(files, folder, month);
    return this.#writer;
  }
}

async function writeReadme(files: ArchiveFiles, root: string): Promise<void> {
  const file = await files.open(join(root, README_NAME), 'create');
  if (file === undefined) return;
  try {
    await file.write(Buffer.from(README_TEXT), 0);
  } finally {
    await file.close();
  }
}
