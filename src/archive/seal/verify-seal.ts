// Compares a sealed month with its seal, and the seal with the one before it.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ArchiveFiles } from '../files.ts';
import { manifestName, sealedName, sealName } from '../layout.ts';
import { readRange } from '../month-source.ts';
import type { MonthVerification, Observer, Place, Problem } from '../verify-month.ts';
import { readSeal, type Seal } from './seal-file.ts';

/** A seal as the next one names it. */
export interface ChainLink {
  readonly month: string;
  /** Of its file. */
  readonly sha256: string;
}

export interface SealContext {
  /** The seal of the sealed month before this one, if there is one. */
  readonly previous: ChainLink | undefined;
  readonly found: MonthVerification;
}

/** Undefined when there is no seal that could be read. */
export async function verifySeal(
  files: ArchiveFiles,
  place: Place,
  { previous, found }: SealContext,
  observer: Observer,
): Promise<ChainLink | undefined> {
  const { folder, account, month } = place;
  const path = (name: string) => join(folder, name);
  const tell = (kind: Problem['kind'], file: string, reason: string) =>
    observer.found({ kind, account, path: file, offset: 0, length: 0, reason });
  const stored = await readSeal(files, folder, month);
  if (stored === undefined) {
    tell('missing', path(sealName(month)), 'the month is sealed, and its seal is not there');
    return undefined;
  }
  const { seal, sha256 } = stored;
  if (seal === undefined || seal.month !== month) tell('changed', path(sealName(month)), 'this is no seal of this month');
  else {
    if (seal.merkleRoot !== found.merkleRoot || seal.messages !== found.messages)
      tell('changed', path(manifestName(month)), 'this is not the manifest that was sealed');
    const harm = await harmTo(files, path(sealedName(month)), seal);
    if (harm !== undefined) tell(harm, path(sealedName(month)), 'its bytes are not those that were sealed');
    for (const [kind, file, reason] of chainProblems(seal, previous)) tell(kind, path(file), reason);
  }
  return { month, sha256 };
}

function chainProblems(
  { month, previous: named }: Seal,
  before: ChainLink | undefined,
): readonly [Problem['kind'], string, string][] {
  if (named?.month === before?.month && named?.sha256 === before?.sha256) return [];
  if (named !== undefined && (before === undefined || named.month > before.month))
    return [['missing', sealName(named.month), `the seal of ${month} follows it`]];
  if (before === undefined) return [];
  if (named?.month === before.month)
    return [['changed', sealName(before.month), `the seal of ${month} names another hash for it`]];
  return [['changed', sealName(month), `it does not follow the seal of ${before.month}`]];
}

async function harmTo(
  files: ArchiveFiles,
  path: string,
  { compressed, compressedSha256 }: Seal,
): Promise<'missing' | 'changed' | undefined> {
  const file = await files.open(path, 'read');
  if (file === undefined) return 'missing';
  try {
    const hash = createHash('sha256');
    const size = await file.size();
    for await (const chunk of readRange(file, 0, size)) hash.update(chunk);
    return size === compressed && hash.digest('hex') === compressedSha256 ? undefined : 'changed';
  } finally {
    await file.close();
  }
}
