// A note about each message that would not come whole: which one, why, how often it was tried.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ArchiveFiles } from './files.ts';
import { QUARANTINE_NAME } from './layout.ts';

export interface QuarantineNote {
  readonly uidl: string | undefined;
  /** In the session in which it failed. */
  readonly number: number;
  /** As LIST told it. */
  readonly size: number;
  readonly reason: string;
  readonly tries: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** A later note about the same message takes the place of the earlier one. */
export async function writeQuarantine(files: ArchiveFiles, folder: string, note: QuarantineNote): Promise<void> {
  const place = join(folder, QUARANTINE_NAME);
  await files.makeFolder(place);
  const key = note.uidl ?? `no uid, message ${note.number} of ${note.size} bytes`;
  const name = createHash('sha256').update(key).digest('hex').slice(0, 24);
  const file = await files.open(join(place, `${name}.json`), 'write');
  try {
    const { at, uidl, ...rest } = note;
    const bytes = Buffer.from(`${JSON.stringify({ uidl: uidl ?? null, ...rest, at: new Date(at).toISOString() }, null, 2)}\n`);
    await file.truncate(0);
    await file.write(bytes, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}
