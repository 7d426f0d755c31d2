// Recomputes one month: each byte belongs to a message of the manifest, whose hash is the one it had when it came.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import type { ArchiveFiles } from './files.ts';
import { readJsonLines } from './json-lines.ts';
import { manifestName, mboxName } from './layout.ts';
import { maildirName } from './maildir/maildir-name.ts';
import { MaildirSource } from './maildir/maildir-source.ts';
import { type ManifestEntry, parseEntry } from './manifest.ts';
import { decodeRecord, fromLine } from './mbox/record.ts';
import { type MonthSource, readRange } from './month-source.ts';
import { MerkleTree } from './seal/merkle.ts';

/**
 * missing: its bytes are not on this disk. changed: they are, and are others. torn: half of them, or half of its line.
 * unlisted: bytes in an mbox that no manifest knows.
 */
export type ProblemKind = 'missing' | 'changed' | 'torn' | 'unlisted';

export interface Problem {
  readonly kind: ProblemKind;
  readonly account: string;
  /** The file that is wrong. */
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  /** Absent where no message is known. */
  readonly sha256?: string;
  readonly subject?: string;
  /** What is wrong with a file as a whole. */
  readonly reason?: string;
}

export interface Place {
  readonly folder: string;
  /** The name of the account’s folder. */
  readonly account: string;
  readonly month: string;
  /** A run is writing it: what lies beyond the manifest is on its way. */
  readonly busy: boolean;
}

export interface Observer {
  readonly found: (problem: Problem) => void;
  /** After each message, with its size. */
  readonly checked?: (size: number) => void;
  readonly signal?: AbortSignal | undefined;
  /** The file of the Maildir that a message is listed with. */
  readonly listed?: (name: string) => void;
}

export interface MonthVerification {
  /** As the manifest lists them. */
  readonly messages: number;
  readonly sound: number;
  /** Of the mbox, as its manifest lists it. */
  readonly end: number;
  /** Of the lines of the manifest. */
  readonly merkleRoot: string;
}

/** `source` is undefined where the month has no mbox. */
export async function verifyMonth(
  files: ArchiveFiles,
  place: Place,
  source: MonthSource | undefined,
  observer: Observer,
): Promise<MonthVerification> {
  const size = (await source?.size()) ?? 0;
  const path = join(place.folder, manifestName(place.month));
  const mbox = { account: place.account, path: source?.path ?? join(place.folder, mboxName(place.month)) };
  const manifest = await files.open(path, 'read');
  const tree = new MerkleTree();
  const maildir = new MaildirSource(files, place.folder);
  let [messages, sound, end] = [0, 0, 0];
  try {
    if (manifest !== undefined) {
      for await (const { value, bytes, offset, length } of readJsonLines(manifest)) {
        observer.signal?.throwIfAborted();
        tree.add(bytes);
        const entry = parseEntry(value);
        if (entry === undefined) {
          observer.found({ kind: 'torn', account: place.account, path, offset, length });
          continue;
        }
        messages += 1;
        if (entry.maildir) {
          const problem = await inMaildir(files, maildir, place, entry);
          if (problem === undefined) sound += 1;
          else observer.found(problem);
          observer.listed?.(maildirName(entry));
          observer.checked?.(entry.size);
          continue;
        }
        for (const problem of gap(mbox, entry, { size, end })) observer.found(problem);
        const kind = (await examine(source, entry, size)) ?? (entry.offset < end ? 'changed' : undefined);
        if (kind === undefined) sound += 1;
        else observer.found({ kind, ...mbox, ...named(entry) });
        observer.checked?.(entry.size);
        end = Math.max(end, entry.offset + entry.length);
      }
    }
  } finally {
    await manifest?.close();
  }
  if (size > end && !place.busy) observer.found({ kind: 'unlisted', ...mbox, offset: end, length: size - end });
  return { messages, sound, end, merkleRoot: tree.root() };
}

type Where = Pick<Problem, 'account' | 'path'>;

function gap(where: Where, { offset }: ManifestEntry, { size, end }: { size: number; end: number }): readonly Problem[] {
  if (offset <= end || end >= size) return [];
  return [{ kind: 'unlisted', ...where, offset: end, length: Math.min(offset, size) - end }];
}

function named({ offset, length, sha256, subject }: ManifestEntry): Pick<Problem, 'offset' | 'length' | 'sha256' | 'subject'> {
  return { offset, length, sha256, ...(subject === undefined ? {} : { subject }) };
}

async function inMaildir(
  files: ArchiveFiles,
  maildir: MaildirSource,
  { account }: Place,
  entry: ManifestEntry,
): Promise<Problem | undefined> {
  const path = await maildir.path(entry);
  const where = { account, path: path ?? maildir.pathOf(entry), ...named({ ...entry, length: entry.size }) };
  const file = path === undefined ? undefined : await files.open(path, 'read');
  if (file === undefined) return { kind: 'missing', ...where };
  try {
    const size = await file.size();
    const hash = createHash('sha256');
    for await (const chunk of readRange(file, 0, size)) hash.update(chunk);
    if (hash.digest('hex') === entry.sha256) return undefined;
    return { kind: size < entry.size ? 'torn' : 'changed', ...where };
  } finally {
    await file.close();
  }
}

async function examine(source: MonthSource | undefined, entry: ManifestEntry, size: number): Promise<ProblemKind | undefined> {
  if (source === undefined || entry.offset >= size) return 'missing';
  if (entry.offset + entry.length > size) return 'torn';
  try {
    return (await isSound(source, entry)) ? undefined : 'changed';
  } catch (error) {
    if (error instanceof AppError && error.code === 'archive-damaged') return 'changed';
    throw error;
  }
}

/** The octets, and the bytes around them: the From line, and the line ends that the mbox adds. Read once. */
async function isSound(source: MonthSource, entry: ManifestEntry): Promise<boolean> {
  const line = fromLine(entry.fetchedAt);
  const ends = entry.finalNewline ? '\n' : '\n\n';
  if (entry.length < line.length + ends.length) return false;
  const edges = { head: Buffer.alloc(line.length), tail: Buffer.alloc(ends.length) };
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of decodeRecord((_, to) => watched(source, entry, to, edges), entry)) {
    hash.update(chunk);
    size += chunk.length;
  }
  if (!edges.head.equals(line) || edges.tail.toString('latin1') !== ends) return false;
  return hash.digest('hex') === entry.sha256 && size === entry.size;
}

/** The record up to `to`; its first and last bytes are kept, the last ones though they lie beyond. */
async function* watched(
  source: MonthSource,
  { offset, length }: ManifestEntry,
  to: number,
  edges: { readonly head: Buffer; readonly tail: Buffer },
): AsyncGenerator<Buffer> {
  let at = 0;
  const tailAt = length - edges.tail.length;
  for await (const chunk of source.read(offset, offset + length)) {
    if (at < edges.head.length) chunk.copy(edges.head, at);
    if (at + chunk.length > tailAt) chunk.copy(edges.tail, Math.max(0, at - tailAt), Math.max(0, tailAt - at));
    const wanted = chunk.subarray(0, Math.max(0, to - offset - at));
    at += chunk.length;
    if (wanted.length > 0) yield wanted;
  }
}
