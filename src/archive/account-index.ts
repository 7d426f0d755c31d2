// What the manifests of an account say: which messages are archived, by hash and by UID, and where each lies.
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { ArchiveFiles } from './files.ts';
import { readJsonLines } from './json-lines.ts';
import { manifestName, monthOfManifest } from './layout.ts';
import type { LineEnds } from './line-ends.ts';
import { type ManifestEntry, parseEntry } from './manifest.ts';
import type { AccountState } from './state.ts';

/** Where a message lies: no header fields, so that a million of them fit in memory. */
export interface StoredMessage {
  readonly sha256: string;
  readonly size: number;
  readonly month: string;
  /** A file of the Maildir holds it; offset and length are 0 then. */
  readonly maildir: boolean;
  readonly offset: number;
  readonly length: number;
  readonly lineEnds: LineEnds;
  readonly finalNewline: boolean;
  /** Epoch milliseconds. */
  readonly fetchedAt: number;
}

/** When this content was first seen under this UID: for a copy of a message that was archived before, later than that. */
export function firstSeen(index: AccountIndex, state: AccountState, uidl: string | undefined, stored: StoredMessage): number {
  const copy = uidl === undefined ? undefined : state.duplicates.get(uidl);
  if (copy?.sha256 !== stored.sha256 || index.byUidl(uidl ?? '')?.sha256 === stored.sha256) return stored.fetchedAt;
  return copy.at;
}

/** One month as its manifest tells it. */
export interface MonthFacts {
  readonly month: string;
  /** Bytes of the manifest's whole lines; what follows was torn by a crash. */
  readonly manifestEnd: number;
  readonly tornLines: number;
  /** Where the last record of the mbox ends. */
  readonly mboxEnd: number;
}

export class AccountIndex {
  readonly #bySha256 = new Map<string, StoredMessage>();
  readonly #byUidl = new Map<string, StoredMessage>();

  get size(): number {
    return this.#bySha256.size;
  }

  get(sha256: string): StoredMessage | undefined {
    return this.#bySha256.get(sha256);
  }

  byUidl(uidl: string): StoredMessage | undefined {
    return this.#byUidl.get(uidl);
  }

  messages(): Iterable<StoredMessage> {
    return this.#bySha256.values();
  }

  /** The first record of a hash stays; the newest message of a UID counts. */
  add(month: string, entry: ManifestEntry): void {
    const { sha256, size, maildir, offset, length, lineEnds, finalNewline, fetchedAt } = entry;
    const known = this.#bySha256.get(sha256);
    const stored = known ?? { sha256, size, month, maildir, offset, length, lineEnds, finalNewline, fetchedAt };
    if (known === undefined) this.#bySha256.set(sha256, stored);
    if (entry.uidl !== undefined) this.#byUidl.set(entry.uidl, stored);
  }
}

/** Reads every manifest of the account and changes nothing. Throws `archive-damaged` for a broken line with whole ones after it. */
export async function loadIndex(
  files: ArchiveFiles,
  folder: string,
): Promise<{ readonly index: AccountIndex; readonly months: readonly MonthFacts[] }> {
  const index = new AccountIndex();
  const months: MonthFacts[] = [];
  for (const name of await files.list(folder)) {
    const month = monthOfManifest(name);
    if (month !== undefined) months.push(await loadMonth(files, folder, month, index));
  }
  return { index, months };
}

async function loadMonth(files: ArchiveFiles, folder: string, month: string, index: AccountIndex): Promise<MonthFacts> {
  const path = join(folder, manifestName(month));
  const file = await files.open(path, 'read');
  if (file === undefined) return { month, manifestEnd: 0, tornLines: 0, mboxEnd: 0 };
  let [manifestEnd, tornLines, mboxEnd] = [0, 0, 0];
  try {
    for await (const line of readJsonLines(file)) {
      const entry = parseEntry(line.value);
      if (entry === undefined) {
        tornLines += 1;
        continue;
      }
      if (tornLines > 0) throw damaged(`${path}: line ${line.number - tornLines} cannot be read, though whole lines follow`);
      if (!entry.maildir && entry.offset < mboxEnd) throw damaged(`${path}: line ${line.number} overlaps the message before it`);
      index.add(month, entry);
      manifestEnd = line.offset + line.length;
      if (!entry.maildir) mboxEnd = entry.offset + entry.length;
    }
  } finally {
    await file.close();
  }
  return { month, manifestEnd, tornLines, mboxEnd };
}

export function damaged(message: string): AppError {
  return new AppError('archive-damaged', message, {
    hint: 'Nothing was changed. Restore the file from a backup, or move the month’s .mbox and .manifest.jsonl away together.',
  });
}
