// The vault's file on disk: private to its owner, replaced as a whole, the version before kept beside it.
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError, fileError } from '../core/errors.ts';
import { type Random, randomHex } from '../core/random.ts';
import { makeFolder } from '../files/make-folder.ts';
import { syncFolder } from '../files/sync-folder.ts';

export interface StoredFile {
  readonly bytes: Uint8Array;
  /** Changes whenever the file does. */
  readonly stamp: string;
}

/** The few things done to the disk, each of which may be the last before a crash. */
export interface VaultDisk {
  read(path: string): Promise<StoredFile | undefined>;
  /** Makes a file, 0600, its bytes synced. */
  create(path: string, bytes: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  syncFolder(folder: string): Promise<void>;
}

const VAULT_BYTES_MAX = 8 * 1024 ** 2;
const TEMP_NAME_BYTES = 6;

/** Call it under the lock. Until the last rename the old version is in place; from then on the new one is. */
export async function replaceFile(
  path: string,
  files: { readonly bytes: Uint8Array; readonly before: Uint8Array | undefined },
  { disk, random }: { readonly disk: VaultDisk; readonly random: Random },
): Promise<void> {
  const temp = () => `${path}.${randomHex(random, TEMP_NAME_BYTES)}.tmp`;
  const next = temp();
  await disk.create(next, files.bytes);
  if (files.before !== undefined) {
    const backup = temp();
    await disk.create(backup, files.before);
    await disk.rename(backup, `${path}.bak`);
  }
  await disk.rename(next, path);
  await disk.syncFolder(dirname(path));
}

/** Call it under the lock: temporary files of writers that died. */
export async function removeLeftovers(path: string, disk: VaultDisk): Promise<void> {
  const pattern = new RegExp(`^\\.[0-9a-f]{${TEMP_NAME_BYTES * 2}}\\.tmp$`);
  const base = basename(path);
  const names = await readdir(dirname(path)).catch(() => []);
  for (const name of names) {
    if (name.startsWith(base) && pattern.test(name.slice(base.length))) await disk.remove(join(dirname(path), name));
  }
}

export const systemDisk: VaultDisk = {
  async read(path) {
    let file: Awaited<ReturnType<typeof open>>;
    try {
      file = await open(path, 'r');
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
      throw unreadable(error, path);
    }
    try {
      const { size, ino, ctimeNs, mtimeNs } = await file.stat({ bigint: true });
      if (size > VAULT_BYTES_MAX) throw new AppError('vault-damaged', `${path}: larger than any vault of postrider`);
      return { bytes: await file.readFile(), stamp: [size, ino, ctimeNs, mtimeNs].join('/') };
    } catch (error) {
      throw unreadable(error, path);
    } finally {
      await file.close();
    }
  },
  async create(path, bytes) {
    try {
      await makeFolder(dirname(path), { mode: 0o700 });
      const file = await open(path, 'wx', 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      throw fileError(error, path);
    }
  },
  async rename(from, to) {
    await rename(from, to).catch(error => {
      throw fileError(error, to);
    });
  },
  remove: path => rm(path, { force: true }),
  syncFolder,
};

/** A vault that is there and cannot be read is locked, not empty. */
function unreadable(error: unknown, path: string): AppError {
  if (error instanceof AppError) return error;
  const { message, hint } = fileError(error, path);
  return new AppError('vault-locked', message, { ...(hint === undefined ? {} : { hint }), cause: error });
}
