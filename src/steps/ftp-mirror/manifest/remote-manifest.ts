// The manifest on the server: fetched so that "not there" is proven, written so that it is never half there.
import { AppError, RefusedError } from '../../../core/errors.ts';
import type { FtpClient } from '../../../protocols/ftp/index.ts';
import { MANIFEST_NAME } from '../trees/own-names.ts';
import { remotePath, siblingOf } from '../trees/paths.ts';
import { tempName } from '../trees/temp-name.ts';
import { renameOver } from '../upload/rename-over.ts';
import { isMissingPath, type Workshop } from '../workshop.ts';
import { formatManifest, MANIFEST_BYTES_MAX, type Manifest, parseManifest } from './manifest.ts';

export interface Found {
  /** Undefined: there is none, which a listing of the root has shown. */
  readonly manifest: Manifest | undefined;
  readonly rootMissing: boolean;
}

/** Throws when it is there and cannot be had: a broken connection, a refusal, damage. */
export async function fetchManifest({ pool, remoteRoot }: Workshop): Promise<Found> {
  const path = remotePath(remoteRoot, MANIFEST_NAME);
  try {
    const bytes = await pool.use(client => receive(client, path));
    return { manifest: parseManifest(bytes), rootMissing: false };
  } catch (refusal) {
    if (!(refusal instanceof RefusedError) || refusal.retry !== 'never') throw refusal;
    const names = await pool.use(client => namesIn(client, remoteRoot));
    if (names?.includes(MANIFEST_NAME) !== true) return { manifest: undefined, rootMissing: names === undefined };
    throw new AppError('manifest-unreadable', `${MANIFEST_NAME} is on the server, but it does not send it: ${refusal.message}`, {
      hint: 'Check the rights of that file; nothing was changed.',
      cause: refusal,
    });
  }
}

/** Under a temporary name first; resolves when it has its own. */
export async function sendManifest({ pool, remoteRoot, context }: Workshop, manifest: Manifest): Promise<{ size: number }> {
  const path = remotePath(remoteRoot, MANIFEST_NAME);
  const bytes = formatManifest(manifest);
  const at = siblingOf(path, tempName({ path, size: bytes.length, modifiedAt: undefined }));
  await pool.use(async client => {
    await client.upload(at, only(bytes));
    const arrived = await client.size(at);
    if (arrived !== undefined && arrived !== bytes.length) {
      throw new AppError('size-mismatch', `the server has ${arrived} of ${bytes.length} bytes of the manifest`, {
        retry: 'later',
      });
    }
    await renameOver(client, at, path, { done: bytes.length, note: message => context.note('info', message) });
  });
  return { size: bytes.length };
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function receive(client: FtpClient, path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of client.download(path)) {
    bytes += chunk.length;
    if (bytes > MANIFEST_BYTES_MAX) {
      throw new AppError('manifest-unreadable', `${MANIFEST_NAME} on the server is longer than ${MANIFEST_BYTES_MAX} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Undefined when there is no such folder. */
async function namesIn(client: FtpClient, folder: string): Promise<readonly string[] | undefined> {
  try {
    return (await client.list(folder)).map(({ name }) => name);
  } catch (error) {
    if (isMissingPath(error)) return undefined;
    throw error;
  }
}
