// Opens the state store of a workspace; the database is loaded only by commands that need it.
import { join } from 'node:path';
import { type Clock, systemClock } from '../core/clock.ts';
import { AppError, fileError } from '../core/errors.ts';
import { makeFolder } from '../files/make-folder.ts';
import { exists } from '../files/there.ts';
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
    throw unusableState(error, stateDir);
  }
  const { openSqliteStore } = await import('../stores/sqlite/store.ts');
  return openSqliteStore(join(stateDir, STORE_FILE), { clock });
}

/** Opens the store for one piece of work. Throws as openStore() does. */
export async function withStore<T>(place: Workspace, work: (store: Store) => Promise<T>, clock = systemClock): Promise<T> {
  const store = await openStore(place, clock);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Whether there is one to look into: who only looks makes none. A database server is taken to be there. */
export async function hasStore({ stateDir, env }: Workspace): Promise<boolean> {
  return (env['POSTRIDER_STORE'] ?? '') !== '' || exists(join(stateDir, STORE_FILE));
}

export function unusableState(error: unknown, stateDir: string): AppError {
  return new AppError('store-unusable', `the state folder cannot be used: ${fileError(error, stateDir).message}`, {
    hint: 'Choose another one with --state DIR or POSTRIDER_STATE.',
    cause: error,
  });
}
