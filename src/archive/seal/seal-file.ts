// The seal of a month: what was in it when it was closed, and the hash of the seal before, so that no month can be changed unseen.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ArchiveFile, ArchiveFiles } from '../files.ts';
import { sealName } from '../layout.ts';
import { readRange } from '../month-source.ts';

export interface Seal {
  readonly month: string;
  /** Epoch milliseconds. */
  readonly sealedAt: number;
  readonly messages: number;
  /** Bytes of the mbox. */
  readonly size: number;
  /** Of the file that holds it. */
  readonly compressed: number;
  readonly compressedSha256: string;
  /** Over the lines of the manifest, without their line ends (RFC 6962 section 2.1). */
  readonly merkleRoot: string;
  /** The SHA-256 of the file of the seal before. */
  readonly previous: { readonly month: string; readonly sha256: string } | undefined;
}

const SEAL_BYTES_MAX = 16 * 1024;

export function formatSeal(seal: Seal): Buffer {
  const { month, sealedAt, messages, size, compressed, compressedSha256, merkleRoot, previous } = seal;
  const document = {
    ...{ version: 1, month, 'sealed-at': new Date(sealedAt).toISOString(), messages, size, compressed },
    ...{ 'compressed-sha256': compressedSha256, 'merkle-root': merkleRoot, previous: previous ?? null },
  };
  return Buffer.from(`${JSON.stringify(document, undefined, 2)}\n`);
}

export interface StoredSeal {
  /** Undefined when the file is no seal. */
  readonly seal: Seal | undefined;
  /** Of the file. */
  readonly sha256: string;
  readonly bytes: number;
}

/** Undefined when the month has none. */
export async function readSeal(files: ArchiveFiles, folder: string, month: string): Promise<StoredSeal | undefined> {
  const file = await files.open(join(folder, sealName(month)), 'read');
  if (file === undefined) return undefined;
  try {
    const bytes = await wholeOf(file);
    return { seal: parseSeal(bytes), sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length };
  } finally {
    await file.close();
  }
}

async function wholeOf(file: ArchiveFile): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of readRange(file, 0, Math.min(await file.size(), SEAL_BYTES_MAX))) parts.push(part);
  return Buffer.concat(parts);
}

function parseSeal(bytes: Buffer): Seal | undefined {
  try {
    const value = JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
    const { month, messages, size, compressed, previous } = value;
    const [compressedSha256, merkleRoot, at] = [value['compressed-sha256'], value['merkle-root'], value['sealed-at']];
    const sealedAt = Date.parse(String(at));
    if (typeof month !== 'string' || !isHash(compressedSha256) || !isHash(merkleRoot) || Number.isNaN(sealedAt)) return undefined;
    if (!isCount(messages) || !isCount(size) || !isCount(compressed)) return undefined;
    const before = previous as { month?: unknown; sha256?: unknown } | null;
    if (before !== null && (typeof before?.month !== 'string' || !isHash(before.sha256))) return undefined;
    const link = before === null ? undefined : { month: before.month as string, sha256: before.sha256 as string };
    return { month, sealedAt, messages, size, compressed, compressedSha256, merkleRoot, previous: link };
  } catch {
    return undefined;
  }
}

function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
