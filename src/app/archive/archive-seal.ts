// `archive seal`: seals the past months of every account, one account after the other, each under its lock.
import { basename, join, resolve } from 'node:path';
import { accountsOf, nodeFiles, openFolder, type SealedMonth } from '../../archive/index.ts';
import { systemClock } from '../../core/clock.ts';

export interface SealedAccountMonth extends SealedMonth {
  /** The name of the account’s folder. */
  readonly account: string;
}

/** Throws what `openAccount` throws; what was sealed before stays sealed. */
export async function* sealArchive(
  archive: string,
  account: string | undefined,
  signal?: AbortSignal,
): AsyncGenerator<SealedAccountMonth> {
  const root = resolve(archive);
  for (const name of await accountsOf(root, nodeFiles, account)) {
    const opened = await openFolder(join(root, name), { root, clock: systemClock });
    try {
      for await (const sealed of opened.seal({ signal })) yield { account: basename(opened.folder), ...sealed };
    } finally {
      await opened.close();
    }
  }
}
