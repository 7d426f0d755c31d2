// What was deployed, as a value and as the file on the server that says so.
import { createHash } from 'node:crypto';
import { AppError } from '../../../core/errors.ts';
import { TIME_TOLERANCE_MS } from '../comparison/compare.ts';
import { MANIFEST_NAME } from '../trees/own-names.ts';
import { ENTRIES_MAX } from '../trees/tree.ts';
import type { PathFacts } from './ask.ts';

export interface DeployedFile {
  readonly size: number;
  /** Modification time of the source, epoch milliseconds. */
  readonly modifiedAt: number;
  /** The time that the copy on the server shows; null when it shows none. */
  readonly shown: number | null;
  /** Of the content, hexadecimal. */
  readonly sha256: string;
}

export interface Manifest {
  readonly files: ReadonlyMap<string, DeployedFile>;
  /** Folders that were made, or found, for those files. */
  readonly folders: ReadonlySet<string>;
}

/** Does the server show it as it was left there? */
export function isAsDeployed(entry: DeployedFile, facts: NonNullable<PathFacts>): boolean {
  if (facts.type !== 'file' || (facts.size !== undefined && facts.size !== entry.size)) return false;
  if (entry.shown === null || facts.modifiedAt === undefined) return true;
  return Math.abs(entry.shown - facts.modifiedAt) <= TIME_TOLERANCE_MS;
}

/** A row of the file. */
export type FileRow = readonly [path: string, size: number, modifiedAt: number, shown: number | null, sha256: string];

const VERSION = 1;
/** Two million entries with long paths. */
export const MANIFEST_BYTES_MAX = 1024 ** 3;
const PATH_LENGTH_MAX = 4_096;

/** One line a file, in the order of their paths: two of them can be compared by eye. */
export function formatManifest({ files, folders }: Manifest): Buffer {
  const rows = fileRows(files).map(row => JSON.stringify(row));
  const places = [...folders].sort().map(path => JSON.stringify(path));
  const head = { 'postrider-manifest': VERSION, sum: sumOf(rows, places) };
  return Buffer.from(
    `${JSON.stringify(head).slice(0, -1)},\n"folders":[${places.join(',')}],\n"files":[\n${rows.join(',\n')}\n]}\n`,
  );
}

export function fileRows(files: Manifest['files']): readonly FileRow[] {
  const rows = [...files].map(([path, { size, modifiedAt, shown, sha256 }]): FileRow => [path, size, modifiedAt, shown, sha256]);
  return rows.sort(([one], [other]) => (one < other ? -1 : 1));
}

/** Throws AppError `manifest-unreadable` or `manifest-newer`: what is not understood is never taken for "nothing was deployed". */
export function parseManifest(bytes: Buffer): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch (cause) {
    throw unreadable(bytes.length === 0 ? 'it is empty' : 'it is cut off or damaged', cause);
  }
  const { 'postrider-manifest': version, sum, folders, files } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof version === 'number' && version > VERSION) {
    throw new AppError('manifest-newer', `${MANIFEST_NAME} on the server was written by a newer postrider (form ${version})`, {
      hint: 'Upgrade this postrider; nothing was changed.',
    });
  }
  if (version !== VERSION || !Array.isArray(files) || !Array.isArray(folders)) throw unreadable('it is no manifest');
  if (files.length + folders.length > ENTRIES_MAX) throw unreadable(`it holds more than ${ENTRIES_MAX} entries`);
  const manifest = manifestOf(files, folders);
  if (manifest === undefined) throw unreadable('it holds an entry that makes no sense');
  const found = sumOf(
    files.map(row => JSON.stringify(row)),
    folders.map(path => JSON.stringify(path)),
  );
  if (sum !== found) throw unreadable('it was changed by something other than postrider');
  return manifest;
}

/** Undefined when a row is none. */
export function manifestOf(files: readonly unknown[], folders: readonly unknown[]): Manifest | undefined {
  const found = new Map<string, DeployedFile>();
  for (const row of files) {
    if (!isFileRow(row)) return undefined;
    const [path, size, modifiedAt, shown, sha256] = row;
    found.set(path, { size, modifiedAt, shown, sha256 });
  }
  return folders.every(isPath) ? { files: found, folders: new Set(folders) } : undefined;
}

function isFileRow(row: unknown): row is FileRow {
  if (!Array.isArray(row) || row.length !== 5) return false;
  const [path, size, modifiedAt, shown, sha256] = row as readonly unknown[];
  const numbers =
    Number.isSafeInteger(size) && Number.isSafeInteger(modifiedAt) && (shown === null || Number.isSafeInteger(shown));
  return isPath(path) && numbers && typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256);
}

/** A path below the root, and nothing that could be another command. */
function isPath(path: unknown): path is string {
  if (typeof path !== 'string' || path.length > PATH_LENGTH_MAX || /[\r\n\0]/.test(path)) return false;
  return path.split('/').every(name => name !== '' && name !== '.' && name !== '..');
}

function sumOf(rows: readonly string[], folders: readonly string[]): string {
  const hash = createHash('sha256');
  for (const line of [...folders, ...rows]) hash.update(`${line}\n`);
  return hash.digest('hex');
}

function unreadable(why: string, cause?: unknown): AppError {
  return new AppError('manifest-unreadable', `${MANIFEST_NAME} on the server cannot be used: ${why}`, {
    hint: 'Nothing was changed. Put a good copy back, or delete it there: the next run then takes over what it finds.',
    ...(cause === undefined ? {} : { cause }),
  });
}
