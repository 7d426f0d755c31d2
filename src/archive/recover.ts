// Makes an account whole again after a crash: the manifest is the journal, and what the mbox holds beyond it is cut off.
import { join } from 'node:path';
import { type AccountIndex, damaged, loadIndex, type MonthFacts } from './account-index.ts';
import type { ArchiveFiles } from './files.ts';
import { manifestName, mboxName, monthOfMbox, SPOOL_NAME } from './layout.ts';
import { settleMaildir } from './maildir/settle.ts';
import { checkSealed, settleSeals } from './seal/settle.ts';

export interface Recovery {
  readonly index: AccountIndex;
  /** Bytes of messages that never became durable. */
  readonly mboxBytesCut: number;
  readonly manifestLinesCut: number;
  /** The last one, if there is one: nothing is written into it or before it. */
  readonly sealedMonth: string | undefined;
}

/** Only under the account's lock. Throws `archive-damaged`, changing nothing more, where the files cannot be what a crash left. */
export async function recover(files: ArchiveFiles, folder: string): Promise<Recovery> {
  const sealedMonth = await settleSeals(files, folder);
  const { index, months } = await loadIndex(files, folder);
  const names = await files.list(folder);
  const known = new Set(months.map(({ month }) => month));
  for (const name of names) {
    const month = monthOfMbox(name);
    if (month !== undefined && !known.has(month)) await refuseOrphan(files, join(folder, name));
  }
  await settleMaildir(files, folder, index);
  for (const name of names) if (name.startsWith(SPOOL_NAME)) await files.remove(join(folder, name));
  let mboxBytesCut = 0;
  let manifestLinesCut = 0;
  for (const facts of months) {
    const present = names.includes(mboxName(facts.month));
    mboxBytesCut += await recoverMonth(files, folder, facts, present);
    manifestLinesCut += facts.tornLines;
  }
  return { index, mboxBytesCut, manifestLinesCut, sealedMonth };
}

/** The manifest is made before the mbox, so no crash leaves messages without one. */
async function refuseOrphan(files: ArchiveFiles, path: string): Promise<void> {
  const file = await files.open(path, 'read');
  if (file === undefined) return;
  try {
    if ((await file.size()) > 0) throw damaged(`${path} has no manifest`);
  } finally {
    await file.close();
  }
}

/** How many bytes of the mbox were cut. */
async function recoverMonth(files: ArchiveFiles, folder: string, facts: MonthFacts, present: boolean): Promise<number> {
  if (!present && (await checkSealed(files, folder, facts))) return 0;
  if (facts.tornLines > 0) await cut(files, join(folder, manifestName(facts.month)), facts.manifestEnd);
  const path = join(folder, mboxName(facts.month));
  if (!present) {
    if (facts.mboxEnd > 0) throw damaged(`${path} is missing, though its manifest lists messages`);
    return 0;
  }
  const file = await files.open(path, 'write');
  try {
    const size = await file.size();
    if (size < facts.mboxEnd)
      throw damaged(`${path} is shorter than its manifest says: ${size} bytes instead of ${facts.mboxEnd}`);
    if (size === facts.mboxEnd) return 0;
    await file.truncate(facts.mboxEnd);
    await file.sync();
    return size - facts.mboxEnd;
  } finally {
    await file.close();
  }
}

async function cut(files: ArchiveFiles, path: string, length: number): Promise<void> {
  const file = await files.open(path, 'write');
  try {
    await file.truncate(length);
    await file.sync();
  } finally {
    await file.close();
  }
}
