// Opens the state store of a workspace; the database is loaded only by commands that need it.
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { AppError, fileError } from '../core/errors.ts';
import { makeFolder } from '../files/make-folder.ts';
import type { Store } from '../stores/store.ts';
import type { Workspace } from './workspace.ts';

const STORE_FILE = 'postrider.sqlite';

/** Throws AppError `store-unusable` or `store-newer` (exit 10). */
export async function openStore({ stateDir, env }: Workspace, clock: Clock): Promise<Store> {
  if ((env['POSTRIDER_STORE'] ?? '') !== '') {
    throw new AppError('store-unusable', 'POSTRIDER_STORE names a database server, which postrider cannot use yet', {
      hint: 'Unset it; the state then lives in the folder of --state or POSTRIDER_STATE.',
    });
  }
  try {
    await makeFolder(stateDir, { mode: 0o700 });
  } catch (error) {
    throw new AppError('store-unusable', `the state folder cannot be used: ${fileError(error, stateDir).message}`, {
      hint: 'Choose another one with --state DIR or POSTRIDER_STATE.',
      cause: error,
    });
  }
  const { openSqliteStore } = await import('../stores/sqlite/store.ts');
  return openSqliteStore(join(stateDir, STORE_FILE), { clock });
}

/** The file of the embedded store; undefined when another store is used. */
export function storeFile({ stateDir, env }: Workspace): string | undefined {
  return (env['POSTRIDER_STORE'] ?? '') === '' ? join(stateDir, STORE_FILE) : undefined;
}
