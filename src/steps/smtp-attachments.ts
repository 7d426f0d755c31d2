// Finds and opens the files that globs name: inside the workdir unless an absolute path was written, each opened once, all within a size.
import { constants } from 'node:fs';
import { type FileHandle, glob, open, realpath } from 'node:fs/promises';
import { basename, isAbsolute, relative, resolve, sep } from 'node:path';
import { AppError, fileError } from '../core/errors.ts';
import { printable } from '../core/text.ts';
import { formatSize } from '../core/units.ts';

/** A file held open: whatever happens to its name, what was measured is what is sent. */
export interface FoundFile {
  readonly name: string;
  readonly size: number;
  /** From the beginning, each time, until close(). */
  readonly content: () => AsyncIterable<Buffer>;
  close(): Promise<void>;
}

export interface AttachmentLimits {
  readonly workdir: string;
  /** Of all files together. */
  readonly bytesMax: number;
}

/** More files in one mail are a mistake in a pattern. */
const ATTACHMENTS_MAX = 100;

/**
 * Throws AppError `attachment-missing` for a pattern without a file, `attachment-outside` for a file outside the workdir,
 * `attachments-too-big`, `too-many-attachments`, or the disk's own error.
 */
export async function openAttachments(patterns: readonly string[], limits: AttachmentLimits): Promise<readonly FoundFile[]> {
  const paths = new Set<string>();
  for (const pattern of patterns) {
    const found = await pathsOf(pattern, limits.workdir);
    if (found.length === 0) {
      throw new AppError('attachment-missing', `no file matches the attachment ${pattern}`, {
        hint: `Relative patterns start at ${limits.workdir}.`,
      });
    }
    for (const path of found) paths.add(path);
    if (paths.size > ATTACHMENTS_MAX)
      throw new AppError('too-many-attachments', `${pattern} matches more than ${ATTACHMENTS_MAX} files`);
  }
  const files: FoundFile[] = [];
  let left = limits.bytesMax;
  try {
    for (const path of [...paths].sort()) {
      const file = await openWithin(path, left, limits.bytesMax);
      left -= file.size;
      files.push(file);
    }
    return files;
  } catch (error) {
    await closeAll(files);
    throw error;
  }
}

export async function closeAll(files: readonly FoundFile[]): Promise<void> {
  await Promise.all(files.map(file => file.close()));
}

/** Real paths of the files that a pattern names. */
async function pathsOf(pattern: string, workdir: string): Promise<readonly string[]> {
  const anywhere = isAbsolute(pattern);
  const found: string[] = [];
  try {
    const root = await realpath(workdir);
    for await (const entry of glob(pattern, { cwd: root, withFileTypes: true })) {
      if (entry.isDirectory()) continue;
      const at = resolve(entry.parentPath, entry.name);
      // A link that leads nowhere, or a name that is no UTF-8, is not the pattern's mistake.
      const path = await realpath(at).catch(error => Promise.reject(fileError(error, printable(at))));
      if (!anywhere && outside(root, path)) throw outsideError(pattern, root, path);
      found.push(path);
      if (found.length > ATTACHMENTS_MAX) break;
    }
  } catch (error) {
    throw fileError(error, pattern);
  }
  return found;
}

function outside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way);
}

function outsideError(pattern: string, root: string, path: string): AppError {
  return new AppError('attachment-outside', `the attachment ${pattern} leads out of ${root}, to ${path}`, {
    hint: 'Write the absolute path if the file is meant.',
  });
}

const PIECE_BYTES = 256 * 1024;

async function openWithin(path: string, bytesLeft: number, bytesMax: number): Promise<FoundFile> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const stats = await file.stat();
    if (!stats.isFile()) throw new AppError('attachment-no-file', `${path}: is no regular file`, { hint: 'Attach files only.' });
    const tooBig = new AppError('attachments-too-big', `with ${path} the attachments are bigger than ${formatSize(bytesMax)}`, {
      hint: 'Attach less, or raise `max-size`; many servers refuse mails of more than 25 MB.',
    });
    if (stats.size > bytesLeft) throw tooBig;
    const handle = file;
    const content = () => pieces(handle, path, bytesLeft, tooBig);
    return { name: basename(path), size: stats.size, content, close: () => handle.close() };
  } catch (error) {
    await file?.close();
    throw fileError(error, path);
  }
}

/** Some grow meanwhile, and those of /proc tell no size. */
async function* pieces(file: FileHandle, path: string, bytesMax: number, tooBig: AppError): AsyncGenerator<Buffer> {
  try {
    for (let at = 0; ; ) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      if (at > bytesMax) throw tooBig;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw fileError(error, path);
  }
}
