// Packs the mbox of a month into zstd frames, cut between messages, with the seek table behind them.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import type { ArchiveFile, ArchiveFiles } from '../files.ts';
import { readJsonLines } from '../json-lines.ts';
import { manifestName, mboxName } from '../layout.ts';
import { parseEntry } from '../manifest.ts';
import { type MonthSource, openMbox } from '../month-source.ts';
import { encodeSeekTable, type Frame } from './seek-table.ts';
import { compressFrame, FRAME_BYTES_MAX } from './zstd.ts';

export interface Packed {
  /** Of the packed file. */
  readonly compressed: number;
  readonly sha256: string;
}

export interface PackOptions {
  /** For tests; default: what the window of a frame spans. */
  readonly frameBytesMax?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** With each piece of the month that was packed or proven, its bytes: in the end twice its size. */
  readonly onProgress?: ((month: string, bytes: number) => void) | undefined;
}

/** Writes `target`; it is on the disk when it resolves. Throws `archive-damaged` when mbox and manifest do not fit each other. */
export async function packMonth(
  files: ArchiveFiles,
  folder: string,
  month: string,
  target: string,
  { frameBytesMax = FRAME_BYTES_MAX, signal, onProgress }: PackOptions,
): Promise<Packed> {
  const path = join(folder, mboxName(month));
  const source = await openMbox(files, path);
  const cuts = await cutsOf(files, join(folder, manifestName(month)), frameBytesMax);
  if (source === undefined || (await source.size()) !== cuts.at(-1)) {
    await source?.close();
    throw new AppError('archive-damaged', `${path} is not as long as its manifest says`, { hint: VERIFY_HINT });
  }
  try {
    const file = await files.open(target, 'write');
    try {
      await file.truncate(0);
      const packed = (bytes: number) => onProgress?.(month, bytes);
      return await writeFrames(file, source, cuts, { signal, packed });
    } finally {
      await file.close();
    }
  } finally {
    await source.close();
  }
}

export const VERIFY_HINT =
  'The month was not sealed. `postrider archive verify` names every damaged message; restore it from a backup.';

/** Where frames begin and end: between messages, and within one that is bigger than a frame. The first is 0, the last the end. */
async function cutsOf(files: ArchiveFiles, path: string, frameBytesMax: number): Promise<readonly number[]> {
  const cuts = [0];
  const manifest = await files.open(path, 'read');
  if (manifest === undefined) return cuts;
  let end = 0;
  const start = () => cuts.at(-1) ?? 0;
  try {
    for await (const { value } of readJsonLines(manifest)) {
      const entry = parseEntry(value);
      if (entry?.maildir === true) continue;
      if (entry === undefined || entry.offset !== end)
        throw new AppError('archive-damaged', `${path} does not list its messages without gaps`, { hint: VERIFY_HINT });
      if (end > start() && end + entry.length - start() > frameBytesMax) cuts.push(end);
      end += entry.length;
      while (end - start() > frameBytesMax) cuts.push(start() + frameBytesMax);
    }
  } finally {
    await manifest.close();
  }
  if (end > start()) cuts.push(end);
  return cuts;
}

async function writeFrames(
  file: ArchiveFile,
  source: MonthSource,
  cuts: readonly number[],
  { signal, packed }: { readonly signal: AbortSignal | undefined; readonly packed: (bytes: number) => void },
): Promise<Packed> {
  const hash = createHash('sha256');
  const frames: Pick<Frame, 'compressed' | 'size'>[] = [];
  let at = 0;
  const put = async (bytes: Buffer) => {
    signal?.throwIfAborted();
    hash.update(bytes);
    await file.write(bytes, at);
    at += bytes.length;
  };
  for (const [index, to] of cuts.slice(1).entries()) {
    const from = cuts[index] ?? 0;
    const start = at;
    for await (const bytes of compressFrame(told(source.read(from, to), packed), to - from)) await put(bytes);
    frames.push({ compressed: at - start, size: to - from });
  }
  await put(encodeSeekTable(frames));
  await file.sync();
  return { compressed: at, sha256: hash.digest('hex') };
}

async function* told(chunks: AsyncIterable<Buffer>, passed: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    yield chunk;
    passed(chunk.length);
  }
}
