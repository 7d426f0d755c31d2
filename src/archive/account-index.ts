// What the manifests of an account say: which messages are archived, by hash and by UID, and where each lies.
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { Column, TextTable } from '../core/memory.ts';
import type { ArchiveFiles } from './files.ts';
import { readJsonLines } from './json-lines.ts';
import { manifestName, monthOfManifest } from './layout.ts';
import { type ManifestEntry, parseEntry } from './manifest.ts';
import { MessageTable, type StoredMessage } from './message-table.ts';
import type { AccountState } from './state.ts';

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
  readonly #messages = new MessageTable();
  readonly #uids = new TextTable();
  /** By the number of the UID. */
  readonly #rowOfUid = new Column(Uint32Array);

  get size(): number {
    return this.#messages.size;
  }

  get(sha256: string): StoredMessage | undefined {
    const row = this.#messages.find(sha256);
    return row === undefined ? undefined : this.#messages.get(row);
  }

  byUidl(uidl: string): StoredMessage | undefined {
    const uid = this.#uids.find(uidl);
    return uid === undefined ? undefined : this.#messages.get(this.#rowOfUid.get(uid) ?? 0);
  }

  *messages(): Generator<StoredMessage> {
    for (let row = 0; row < this.#messages.size; row++) yield this.#messages.get(row);
  }

  /** The first record of a hash stays; the newest message of a UID counts. */
  add(month: string, entry: ManifestEntry): void {
    const row = this.#messages.find(entry.sha256) ?? this.#messages.add({ ...entry, month });
    if (entry.uidl !== undefined) this.#rowOfUid.set(this.#uids.add(entry.uidl), row);
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
