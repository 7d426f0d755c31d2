// After a crash while a month was sealed: exactly one of mbox and sealed file stays, whichever is in force.
import { join } from 'node:path';
import { damaged, type MonthFacts } from '../account-index.ts';
import type { ArchiveFiles } from '../files.ts';
import { mboxName, monthOfSeal, monthOfSealed, PARTIAL_SUFFIX, sealedName } from '../layout.ts';
import { readSeal } from './seal-file.ts';
import { openSealed } from './sealed-source.ts';

/** Only under the account's lock. The last sealed month, if there is one. */
export async function settleSeals(files: ArchiveFiles, folder: string): Promise<string | undefined> {
  const names = await files.list(folder);
  for (const name of names) if (name.endsWith(PARTIAL_SUFFIX)) await files.remove(join(folder, name));
  for (const month of names.flatMap(name => monthOfSealed(name) ?? [])) {
    if (!names.includes(mboxName(month))) continue;
    const stored = await readSeal(files, folder, month);
    // Without a seal the packed file may never have been verified: the mbox is in force.
    if (stored === undefined) await files.remove(join(folder, sealedName(month)));
    else if (stored.seal?.compressed === (await sizeOf(files, join(folder, sealedName(month)))))
      await files.remove(join(folder, mboxName(month)));
    else throw damaged(`${join(folder, sealedName(month))} is not the file that was sealed, and its mbox is still there`);
    await files.syncFolder(folder);
  }
  return names.findLast(name => monthOfSeal(name) !== undefined)?.slice(0, -'.seal.json'.length);
}

/** A sealed month never changes: neither its manifest may be torn nor its file be of another length. Throws `archive-damaged`. */
export async function checkSealed(
  files: ArchiveFiles,
  folder: string,
  { month, tornLines, mboxEnd }: MonthFacts,
): Promise<boolean> {
  const path = join(folder, sealedName(month));
  const source = await openSealed(files, path);
  if (source === undefined) return false;
  try {
    const size = await source.size();
    if (tornLines > 0) throw damaged(`the manifest of ${path} is not whole`);
    if (size !== mboxEnd) throw damaged(`${path} holds ${size} bytes, and its manifest lists ${mboxEnd}`);
    return true;
  } finally {
    await source.close();
  }
}

async function sizeOf(files: ArchiveFiles, path: string): Promise<number> {
  const file = await files.open(path, 'read');
  try {
    return (await file?.size()) ?? 0;
  } finally {
    await file?.close();
  }
}
