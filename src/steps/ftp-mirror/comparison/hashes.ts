// compare: hash. Files of the same size, on both sides, whose content differs; the server makes its checksums many at a time.
import { join } from 'node:path';
import { AppError } from '../../../core/errors.ts';
import { printable } from '../../../core/text.ts';
import type { HashAlgorithm } from '../../../protocols/ftp/index.ts';
import { HASHED_SOON_BYTES_MAX, hashFile, serverHashing } from '../digest.ts';
import { BATCH_ITEMS } from '../sessions/batch.ts';
import { inLanes } from '../sessions/lanes.ts';
import { remotePath } from '../trees/paths.ts';
import type { Tree } from '../trees/tree.ts';
import type { Workshop } from '../workshop.ts';
import type { Reason } from './compare.ts';

/** Throws AppError `hash-unavailable` when the server makes none, or none of one of the files. */
export async function unequalByHash(workshop: Workshop, local: Tree, remote: Tree): Promise<ReadonlyMap<string, Reason>> {
  const { config, pool, localRoot, signal } = workshop;
  const algorithm = await serverHashing(config, pool);
  const unequal = new Map<string, Reason>();
  const pairs = [...local.files].filter(([path, { size }]) => size !== undefined && size === remote.files.get(path)?.size);
  await inLanes(pairs, BATCH_ITEMS, async ([path, { size = 0 }]) => {
    const [there, here] = await Promise.all([
      remoteHash(workshop, path, size),
      hashFile(join(localRoot, path), algorithm, signal),
    ]);
    if (there === undefined) throw unhashed(path, algorithm);
    if (there !== here) unequal.set(path, 'different hash');
  });
  return unequal;
}

/** Undefined when the server cannot say. */
export async function remoteHash({ batch, pool, remoteRoot }: Workshop, path: string, size: number): Promise<string | undefined> {
  const remote = remotePath(remoteRoot, path);
  const alone = () => pool.use(client => client.hash(remote, size));
  if (size > HASHED_SOON_BYTES_MAX) return alone();
  return batch
    .soon(soon => soon.hash(remote))
    .catch(error => {
      if (error instanceof AppError && error.code === 'folder-left') return alone();
      throw error;
    });
}

function unhashed(path: string, algorithm: HashAlgorithm): AppError {
  return new AppError('hash-unavailable', `the server makes no ${algorithm} checksum of ${printable(path)}`, {
    hint: 'Exclude that file, or write `compare: time-size`.',
  });
}
