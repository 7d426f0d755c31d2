// Checksums of local files, in whatever algorithm the server can make, too.
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { crc32 } from 'node:zlib';
import { AppError, fileError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import type { FtpClient, HashAlgorithm } from '../../protocols/ftp/index.ts';
import type { MirrorConfig } from './config.ts';
import { LocalFile } from './local-file.ts';
import type { Pool } from './sessions/pool.ts';

export interface Digest {
  update(bytes: Uint8Array): void;
  /** Lower-case hexadecimal of all bytes. Ends it. */
  hex(): string;
}

const BUFFER_BYTES = 256 * 1024;
/** Files up to here are hashed by the server side by side with others; larger ones one by one, with time for it. */
export const HASHED_SOON_BYTES_MAX = 4 * 1024 * 1024;

export function makeDigest(algorithm: HashAlgorithm): Digest {
  if (algorithm !== 'crc32') {
    const hash = createHash(algorithm);
    return { update: bytes => void hash.update(bytes), hex: () => hash.digest('hex') };
  }
  let value = 0;
  const update = (bytes: Uint8Array) => {
    value = crc32(bytes, value);
  };
  return { update, hex: () => value.toString(16).padStart(8, '0') };
}

/** Feeds the first `bytes` of an open file to a digest. */
export async function digestHead(file: LocalFile, digest: Digest, bytes: number): Promise<void> {
  const buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  for (let position = 0; position < bytes; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, bytes - position), position);
    if (bytesRead === 0) return;
    digest.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}

/** The checksum of a local file. Throws what fileError() makes of it. */
export async function hashFile(path: string, algorithm: HashAlgorithm, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  try {
    const file = LocalFile.open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const digest = makeDigest(algorithm);
      await digestHead(file, digest, Number.POSITIVE_INFINITY);
      return digest.hex();
    } finally {
      file.close();
    }
  } catch (error) {
    throw fileError(error, printable(path));
  }
}

/** The algorithm to compare or verify by. Throws AppError `hash-unavailable` before anything was changed. */
export async function serverHashing(config: MirrorConfig, pool: Pool): Promise<HashAlgorithm> {
  const algorithm = await pool.use(async (client: FtpClient) => client.hashing);
  if (algorithm !== undefined) return algorithm;
  const compares = config.compare === 'hash';
  throw new AppError(
    'hash-unavailable',
    `${compares ? 'compare' : 'verify'}: hash needs a server that makes checksums (HASH, XSHA256, XMD5, XCRC), and this one does not`,
    {
      hint: compares
        ? 'Write `compare: manifest` (upload): it keeps SHA-256 sums of what was deployed; or `compare: time-size`.'
        : 'Write `verify: size`; `postrider ftp sum` fetches a file and hashes it here.',
    },
  );
}
