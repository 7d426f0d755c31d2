// Writes below one local folder and nowhere else: every step down is checked, links are never followed.
import { constants, lstatSync, mkdirSync, renameSync, rmdirSync, type Stats, unlinkSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, fileError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { inLanes } from './lanes.ts';
import { LocalFile } from './local-file.ts';
import { unsafeLocalName } from './paths.ts';
import { parentOf } from './tree.ts';

/** Folders that are synced side by side. */
const SYNCED_AT_ONCE = 8;

export class LocalFolder {
  /** Content is to be synced before it gets its name, and names before settle() resolves. */
  readonly durable: boolean;
  readonly #root: string;
  readonly #touched = new Set<string>();

  private constructor(root: string, durable: boolean) {
    this.#root = root;
    this.durable = durable;
  }

  /** Makes the folder when it is missing; it may itself be reached through a link, as the user wrote it. */
  static async open(path: string, { durable = true }: { readonly durable?: boolean } = {}): Promise<LocalFolder> {
    try {
      await makeFolder(path);
      return new LocalFolder(await realpath(path), durable);
    } catch (error) {
      throw fileError(error, path);
    }
  }

  /** Opens for reading and writing, creating; never through a link. `path` is relative, with '/'. */
  async openFile(path: string): Promise<LocalFile> {
    const full = this.#checked(path);
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = named(full, () => LocalFile.open(full, flags, 0o666, this.durable));
    if (file.stat().isFile()) return file;
    file.close();
    throw new AppError('unsafe-path', `${printable(path)} is not a plain file`);
  }

  async facts(path: string): Promise<Stats | undefined> {
    const full = this.#checked(path);
    return missingIsFine(full, () => lstatSync(full));
  }

  async makeFolder(path: string, mode: number | undefined): Promise<void> {
    const full = this.#checked(path);
    try {
      mkdirSync(full);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !lstatSync(full).isDirectory()) throw fileError(error, full);
    }
    if (mode !== undefined) this.#chmodFolder(full, mode);
    this.#touch(path);
  }

  async rename(from: string, to: string): Promise<void> {
    const target = this.#checked(to);
    const source = parentOf(from) === parentOf(to) ? join(dirname(target), safeNameOf(from)) : this.#checked(from);
    named(target, () => renameSync(source, target));
    this.#touch(to);
  }

  /** A file or an empty folder; one that is gone already is fine. */
  async remove(path: string, kind: 'file' | 'folder'): Promise<void> {
    const full = this.#checked(path);
    missingIsFine(full, () => (kind === 'file' ? unlinkSync(full) : rmdirSync(full)));
    this.#touch(path);
  }

  /** Names become durable when their folder is synced. */
  async settle(): Promise<void> {
    const folders = [...this.#touched].map(folder => join(this.#root, folder));
    this.#touched.clear();
    await inLanes(folders, SYNCED_AT_ONCE, syncFolder);
  }

  /** The absolute path, after every folder on the way was seen to be a folder and no link. */
  #checked(path: string): string {
    const names = path.split('/');
    let full = this.#root;
    for (const [index, name] of names.entries()) {
      assertSafe(name, path);
      full = join(full, name);
      if (index === names.length - 1) break;
      const facts = named(full, () => lstatSync(full));
      if (!facts.isDirectory())
        throw new AppError('unsafe-path', `${printable(path)}: ${printable(name)} is a link or a file, not a folder`);
    }
    return full;
  }

  #chmodFolder(full: string, mode: number): void {
    const folder = named(full, () => LocalFile.open(full, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW));
    try {
      named(full, () => folder.chmod(mode));
    } finally {
      folder.close();
    }
  }

  #touch(path: string): void {
    if (!this.durable) return;
    this.#touched.add(path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '');
  }
}

function assertSafe(name: string, path: string): void {
  const why = unsafeLocalName(name);
  if (why !== undefined) throw new AppError('unsafe-path', `${printable(path)}: ${why}`);
}

function safeNameOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  assertSafe(name, path);
  return name;
}

/** Some file systems have nothing to sync in a folder, and say so. */
async function syncFolder(full: string): Promise<void> {
  let folder: LocalFile | undefined;
  try {
    folder = LocalFile.open(full, constants.O_RDONLY | constants.O_DIRECTORY);
    await folder.sync();
  } catch {
    // The names are there; only when they will outlive a power cut is not known.
  } finally {
    folder?.close();
  }
}

function named<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw fileError(error, path);
  }
}

function missingIsFine<T>(path: string, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(error, path);
  }
}
