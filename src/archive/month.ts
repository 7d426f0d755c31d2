// A month opened for reading: its mbox, or what it was sealed into.
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { ArchiveFiles } from './files.ts';
import { mboxName, sealedName } from './layout.ts';
import { type MonthSource, openMbox } from './month-source.ts';
import { openSealed } from './seal/sealed-source.ts';

/** Undefined when the month has no messages on this disk. The mbox is deleted only after the sealed file is there: it is asked for first. */
export async function openMonth(files: ArchiveFiles, folder: string, month: string): Promise<MonthSource | undefined> {
  return (await openMbox(files, join(folder, mboxName(month)))) ?? (await openSealed(files, join(folder, sealedName(month))));
}

/** The same, or `archive-file-missing`. */
export async function openMonthOrThrow(files: ArchiveFiles, folder: string, month: string): Promise<MonthSource> {
  const source = await openMonth(files, folder, month);
  if (source !== undefined) return source;
  throw new AppError('archive-file-missing', `${join(folder, mboxName(month))} is not there`, {
    hint: 'Restore it from a backup.',
  });
}
