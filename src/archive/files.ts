// The few file operations that the archive is made of, so that a test can fail the N-th of them. Errors are ours, with the path.
import { constants } from 'node:fs';
import { type FileHandle, link, lstat, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError } from '../core/errors.ts';
import { makeFolder } from '../files/make-folder.ts';
import { syncFolder } from '../files/sync-folder.ts';

export interface ArchiveFile {
  /** Reads at `position`; how many bytes came, 0 at the end. */
  read(into: Buffer, position: number): Promise<number>;
  /** Writes all of it, or throws. */
  write(bytes: Buffer, position: number): Promise<void>;
  truncate(length: number): Promise<void>;
  /** The content, and what is needed to read it, is on the disk when it resolves (fdatasync). */
  sync(): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
}

/** read: undefined when there is no such file. write: created when missing. create: undefined when it exists. Files get mode 0600. */
export type OpenMode = 'read' | 'write' | 'create';

export interface ArchiveFiles {
  open(path: string, mode: 'write'): Promise<ArchiveFile>;
  open(path: string, mode: 'read' | 'create'): Promise<ArchiveFile | undefined>;
  /** With its parents, mode 0700. */
  makeFolder(path: string): Promise<void>;
  /** The names in a folder are on the disk when it resolves. */
  syncFolder(path: string): Promise<void>;
  /** Names in a folder, sorted; empty when it is not there or no folder. */
  list(path: string): Promise<readonly string[]>;
  /** A file or a folder of that name. */
  exists(path: string): Promise<boolean>;
  /** False when `from` does not exist. */
  rename(from: string, to: string): Promise<boolean>;
  /** Renames a file unless `to` exists; false then. */
  place(from: string, to: string): Promise<boolean>;
  /** No error when it does not exist. */
  remove(path: string): Promise<void>;
}

const FLAGS: Readonly<Record<OpenMode, number>> = {
  read: constants.O_RDONLY,
  write: constants.O_RDWR | constants.O_CREAT,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
};

const ABSENT: Readonly<Record<OpenMode, string>> = { read: 'ENOENT', write: '', create: 'EEXIST' };

export const nodeFiles: ArchiveFiles = {
  open: openFile as ArchiveFiles['open'],
  makeFolder: makeFolderDurably,
  syncFolder: syncNames,
  list,
  exists,
  rename: move,
  place,
  remove,
};

/** All of it, in place of what was there, and on the disk. */
export async function writeWhole(files: ArchiveFiles, path: string, content: Buffer): Promise<void> {
  const file = await files.open(path, 'write');
  try {
    await file.truncate(0);
    await file.write(content, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function openFile(path: string, mode: OpenMode): Promise<ArchiveFile | undefined> {
  const handle = await attempt(path, async () => {
    try {
      return await open(path, FLAGS[mode], 0o600);
    } catch (error) {
      if (errnoOf(error) === ABSENT[mode]) return undefined;
      throw error;
    }
  });
  return handle === undefined ? undefined : new NodeFile(handle, path);
}

class NodeFile implements ArchiveFile {
  readonly #handle: FileHandle;
  readonly #path: string;

  constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  read(into: Buffer, position: number): Promise<number> {
    return attempt(this.#path, async () => (await this.#handle.read(into, 0, into.length, position)).bytesRead);
  }

  write(bytes: Buffer, position: number): Promise<void> {
    return attempt(this.#path, async () => {
      for (let at = 0; at < bytes.length; )
        at += (await this.#handle.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
    });
  }

  truncate(length: number): Promise<void> {
    return attempt(this.#path, () => this.#handle.truncate(length));
  }

  sync(): Promise<void> {
    return attempt(this.#path, () => this.#handle.datasync());
  }

  size(): Promise<number> {
    return attempt(this.#path, async () => (await this.#handle.stat()).size);
  }

  close(): Promise<void> {
    return attempt(this.#path, () => this.#handle.close());
  }
}

/** Every folder that is made is entered in its parent durably. */
async function makeFolderDurably(path: string): Promise<void> {
  const first = await attempt(path, () => makeFolder(path, { mode: 0o700 }));
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncNames(dirname(made));
}

function syncNames(path: string): Promise<void> {
  return attempt(path, () => syncFolder(path));
}

function list(path: string): Promise<readonly string[]> {
  return attempt(path, async () => {
    try {
      return (await readdir(path)).sort();
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
      throw error;
    }
  });
}

function exists(path: string): Promise<boolean> {
  return attempt(path, async () => {
    try {
      await lstat(path);
      return true;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return false;
      throw error;
    }
  });
}

function move(from: string, to: string): Promise<boolean> {
  return attempt(from, async () => {
    try {
      await rename(from, to);
      return true;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return false;
      throw error;
    }
  });
}

/** By a hard link, which never replaces anything; where the file system has none, there is a moment between look and rename. */
function place(from: string, to: string): Promise<boolean> {
  return attempt(to, async () => {
    try {
      await link(from, to);
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return false;
      if (!LINKLESS.has(errnoOf(error) ?? '')) throw error;
      if (await exists(to)) return false;
      await rename(from, to);
      return true;
    }
    await rm(from, { force: true });
    return true;
  });
}

const LINKLESS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

function remove(path: string): Promise<void> {
  return attempt(path, () => rm(path, { force: true }));
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(error, path);
  }
}

function errnoOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
