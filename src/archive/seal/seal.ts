// Seals the months that are past: packed, read back and verified whole, and only then in the place of the mbox.
//
//   mbox ──pack──► .mbox.zst.partial ──every hash recomputed──► .mbox.zst ──► .seal.json (from here on it is sealed) ──► mbox deleted
//   A death before the seal leaves the mbox in force, one after it the sealed file; the next start removes the other.
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { type ArchiveFiles, writeWhole } from '../files.ts';
import { mboxName, monthOfMbox, monthOfSeal, PARTIAL_SUFFIX, sealedName, sealName } from '../layout.ts';
import { type MonthVerification, type Problem, verifyMonth } from '../verify-month.ts';
import { type PackOptions, packMonth, VERIFY_HINT } from './pack.ts';
import { formatSeal, readSeal } from './seal-file.ts';
import { openSealed } from './sealed-source.ts';
import type { ChainLink } from './verify-seal.ts';

export interface SealOptions extends PackOptions {
  readonly files: ArchiveFiles;
  /** Of an account, whose lock is held and which was recovered. */
  readonly folder: string;
  /** Months before this one are sealed. */
  readonly before: string;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export interface SealedMonth {
  readonly month: string;
  readonly messages: number;
  /** Of the mbox, in bytes. */
  readonly size: number;
  readonly compressed: number;
  /** The SHA-256 of its seal. */
  readonly sha256: string;
}

/** The oldest first, one by one. What it throws concerns the month it was at; those before it are sealed. */
export async function* sealMonths(options: SealOptions): AsyncGenerator<SealedMonth> {
  const { files, folder, before } = options;
  const names = await files.list(folder);
  const seals = names.flatMap(name => monthOfSeal(name) ?? []);
  let previous = await linkTo(files, folder, seals.at(-1));
  for (const month of names.flatMap(name => monthOfMbox(name) ?? [])) {
    // A month before the last seal was put there by hand; it has no place in the chain.
    if (month >= before || month <= (previous?.month ?? '')) continue;
    const sealed = await sealMonth(options, month, previous);
    if (sealed === undefined) continue;
    previous = { month, sha256: sealed.sha256 };
    yield sealed;
  }
}

async function linkTo(files: ArchiveFiles, folder: string, month: string | undefined): Promise<ChainLink | undefined> {
  const stored = month === undefined ? undefined : await readSeal(files, folder, month);
  return month === undefined || stored === undefined ? undefined : { month, sha256: stored.sha256 };
}

/** Undefined for a month without messages. */
async function sealMonth(options: SealOptions, month: string, previous: ChainLink | undefined): Promise<SealedMonth | undefined> {
  const { files, folder, now } = options;
  const path = (name: string) => join(folder, name);
  const mbox = await files.open(path(mboxName(month)), 'read');
  const size = (await mbox?.size()) ?? 0;
  await mbox?.close();
  if (size === 0) return undefined;
  const [partial, partialSeal] = [path(sealedName(month)) + PARTIAL_SUFFIX, path(sealName(month)) + PARTIAL_SUFFIX];
  try {
    const { compressed, sha256: compressedSha256 } = await packMonth(files, folder, month, partial, options);
    const { messages, merkleRoot } = await proven(options, month, partial);
    const seal = { month, sealedAt: now(), messages, size, compressed, compressedSha256, merkleRoot, previous };
    await writeWhole(files, partialSeal, formatSeal(seal));
    await files.rename(partial, path(sealedName(month)));
    await files.syncFolder(folder);
    await files.rename(partialSeal, path(sealName(month)));
    await files.syncFolder(folder);
    const stored = await readSeal(files, folder, month);
    if (stored?.seal === undefined) throw new AppError('disk-error', `${path(sealName(month))} does not read as it was written`);
    await files.remove(path(mboxName(month)));
    await files.syncFolder(folder);
    return { month, messages, size, compressed, sha256: stored.sha256 };
  } catch (error) {
    for (const left of [partial, partialSeal]) await files.remove(left).catch(() => undefined);
    throw error;
  }
}

/** Every message of the packed month, unpacked again and compared with its hash. */
async function proven(
  { files, folder, signal, onProgress }: SealOptions,
  month: string,
  partial: string,
): Promise<MonthVerification> {
  const problems: Problem[] = [];
  const source = await openSealed(files, partial);
  try {
    const place = { folder, account: '', month, busy: false };
    const found = await verifyMonth(files, place, source, {
      found: problem => problems.push(problem),
      checked: size => onProgress?.(month, size),
      signal,
    });
    const [first] = problems;
    if (first === undefined) return found;
    const what = first.sha256 === undefined ? `${first.length} bytes at ${first.offset} are` : `the message ${first.sha256} is`;
    throw new AppError('archive-damaged', `${join(folder, mboxName(month))}: ${what} ${first.kind}`, { hint: VERIFY_HINT });
  } finally {
    await source?.close();
  }
}
