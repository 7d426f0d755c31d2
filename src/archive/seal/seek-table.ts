// The seek table at the end of a sealed month: which zstd frame holds which bytes. Zstandard seekable format 0.1, without checksums:
// a skippable frame (RFC 8878 section 3.1.2), so that every zstd reads past it.
//
//   0x184D2A5E, length ── per frame: compressed u32, decompressed u32 ── frames u32, descriptor u8, 0x8F92EAB1   (little endian)
import { AppError } from '../../core/errors.ts';
import type { ArchiveFile } from '../files.ts';

export interface Frame {
  /** Where it begins in the file, and how long it is there. */
  readonly at: number;
  readonly compressed: number;
  /** Where its content begins in the mbox, and how long that is. */
  readonly from: number;
  readonly size: number;
}

/** More would be 1,000 TB of mail in a month. */
const FRAMES_MAX = 8_000_000;

const SKIPPABLE_MAGIC = 0x184d2a5e;
const SEEKABLE_MAGIC = 0x8f92eab1;
const HEAD_BYTES = 8;
const ENTRY_BYTES = 8;
const FOOTER_BYTES = 9;
/** An optional checksum for each frame (descriptor bit 7); ours has none, for frames have their own. */
const CHECKSUM_FLAG = 0x80;

export function encodeSeekTable(frames: readonly Pick<Frame, 'compressed' | 'size'>[]): Buffer {
  const table = Buffer.alloc(HEAD_BYTES + frames.length * ENTRY_BYTES + FOOTER_BYTES);
  table.writeUInt32LE(SKIPPABLE_MAGIC, 0);
  table.writeUInt32LE(table.length - HEAD_BYTES, 4);
  for (const [index, { compressed, size }] of frames.entries()) {
    table.writeUInt32LE(compressed, HEAD_BYTES + index * ENTRY_BYTES);
    table.writeUInt32LE(size, HEAD_BYTES + index * ENTRY_BYTES + 4);
  }
  const footer = table.length - FOOTER_BYTES;
  table.writeUInt32LE(frames.length, footer);
  table.writeUInt32LE(SEEKABLE_MAGIC, footer + 5);
  return table;
}

/** Throws `archive-damaged` when the end of the file is no seek table that fits the file. */
export async function readSeekTable(file: ArchiveFile, path: string): Promise<readonly Frame[]> {
  const end = await file.size();
  const footer = await bytesAt(file, Math.max(0, end - FOOTER_BYTES), FOOTER_BYTES);
  if (footer.length < FOOTER_BYTES || footer.readUInt32LE(5) !== SEEKABLE_MAGIC) throw noTable(path);
  const count = footer.readUInt32LE(0);
  if (footer[4] !== 0 && footer[4] !== CHECKSUM_FLAG) throw noTable(path);
  const entryBytes = footer[4] === CHECKSUM_FLAG ? ENTRY_BYTES + 4 : ENTRY_BYTES;
  const start = end - FOOTER_BYTES - count * entryBytes - HEAD_BYTES;
  if (count > FRAMES_MAX || start < 0) throw noTable(path);
  const table = await bytesAt(file, start, HEAD_BYTES + count * entryBytes);
  if (table.length < HEAD_BYTES + count * entryBytes) throw noTable(path);
  if (table.readUInt32LE(0) !== SKIPPABLE_MAGIC || table.readUInt32LE(4) !== end - start - HEAD_BYTES) throw noTable(path);
  const frames: Frame[] = [];
  let [at, from] = [0, 0];
  for (let entry = HEAD_BYTES; entry < table.length; entry += entryBytes) {
    const frame = { at, compressed: table.readUInt32LE(entry), from, size: table.readUInt32LE(entry + 4) };
    frames.push(frame);
    at += frame.compressed;
    from += frame.size;
  }
  if (at !== start) throw noTable(path);
  return frames;
}

async function bytesAt(file: ArchiveFile, at: number, length: number): Promise<Buffer> {
  const into = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const count = await file.read(into.subarray(filled), at + filled);
    if (count === 0) break;
    filled += count;
  }
  return into.subarray(0, filled);
}

function noTable(path: string): AppError {
  return new AppError('archive-damaged', `${path}: its seek table is not whole`, {
    hint: 'Restore the file from a backup; `zstd -dc` gives what is left of it.',
  });
}
