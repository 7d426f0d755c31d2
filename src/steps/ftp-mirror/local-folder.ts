// Writes below one local folder and nowhere else: every step down is checked, links are never followed.
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, realpath, rename, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, fileError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { unsafeLocalName } from './paths.ts';

export class LocalFolder {
  readonly #root: string;
  readonly #touched = new Set<string>();

  private constructor(root: string) {
    this.#root = root;
  }

  /** Makes the folder when it is missing; it may itself be reached through a link, as the user wrote it. */
  static async open(path: string): Promise<LocalFolder> {
    try {
      await makeFolder(path);
      return new LocalFolder(await realpath(path));
    } catch (error) {
      throw fileError(error, path);
    }
  }

  /** Opens for reading and writing, creating; never through a link. `path` is relative, with '/'. */
  async openFile(path: string): Promise<FileHandle> {
    const full = await this.#checked(path);
    const handle = await named(full, () =>
      open(full, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o666),
    );
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
    throw new AppError('unsafe-path', `${printable(path)} is not a plain file`);
  }

  async facts(path: string): Promise<Stats | undefined> {
    const full = await this.#checked(path);
    return missingIsFine(full, () => lstat(full));
  }

  async makeFolder(path: string, mode: number | undefined): Promise<void> {
    const full = await this.#checked(path);
    try {
      await mkdir(full);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !(await lstat(full)).isDirectory()) throw fileError(error, full);
    }
    if (mode !== undefined) await this.#chmodFolder(full, mode);
    this.#touch(path);
  }

  async rename(from: string, to: string): Promise<void> {
    const [source, target] = [await this.#checked(from), await this.#checked(to)];
    await named(target, () => rename(source, target));
    this.#touch(to);
  }

  /** A file or an empty folder; one that is gone already is fine. */
  async remove(path: string, kind: 'file' | 'folder'): Promise<void> {
    const full = await this.#checked(path);
    await missingIsFine(full, () => (kind === 'file' ? unlink(full) : rmdir(full)));
    this.#touch(path);
  }

  /** Names become durable when their folder is synced. */
  async settle(): Promise<void> {
    for (const folder of this.#touched) {
      const full = join(this.#root, folder);
      const handle = await open(full, constants.O_RDONLY | constants.O_DIRECTORY).catch(() => undefined);
      await handle?.sync().catch(() => undefined);
      await handle?.close();
    }
    this.#touched.clear();
  }

  /** The absolute path, after every folder on the way was seen to be a folder and no link. */
  async #checked(path: string): Promise<string> {
    const names = path.split('/');
    let full = this.#root;
    for (const [index, name] of names.entries()) {
      const why = unsafeLocalName(name);
      if (why !== undefined) throw new AppError('unsafe-path', `${printable(path)}: ${why}`);
      full = join(full, name);
      if (index === names.length - 1) break;
      const facts = await named(full, () => lstat(full));
      if (!facts.isDirectory())
        throw new AppError('unsafe-path', `${printable(path)}: ${printable(name)} is a link or a file, not a folder`);
    }
    return full;
  }

  async #chmodFolder(full: string, mode: number): Promise<void> {
    const handle = await named(full, () => open(full, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW));
    try {
      await named(full, () => handle.chmod(mode));
    } finally {
      await handle.close();
    }
  }

  #touch(path: string): void {
    this.#touched.add(path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '');
  }
}

async function named<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(error, path);
  }
}

async function missingIsFine<T>(path: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(error, path);
  }
}
