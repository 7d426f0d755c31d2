// After a crash while a Maildir was written: what the manifests list goes from tmp to new, what they do not list was never archived.
import { join } from 'node:path';
import type { AccountIndex } from '../account-index.ts';
import type { ArchiveFiles } from '../files.ts';
import { maildirName } from './maildir-name.ts';

/** Only under the account's lock. Files of other programs in tmp are left alone. */
export async function settleMaildir(files: ArchiveFiles, folder: string, index: AccountIndex): Promise<void> {
  const tmp = join(folder, 'tmp');
  const names = (await files.list(tmp)).filter(name => name.endsWith('.postrider'));
  if (names.length === 0) return;
  for (const name of names) {
    const stored = index.get(name.split('.')[1] ?? '');
    const listed = stored?.maildir === true && maildirName(stored) === name;
    if (listed) await files.rename(join(tmp, name), join(folder, 'new', name));
    else await files.remove(join(tmp, name));
  }
  for (const path of [join(folder, 'new'), tmp]) await files.syncFolder(path);
}
