// Writes below one local folder and nowhere else: every step down is checked, links are never followed.
import { constants, lstatSync, mkdirSync, renameSync, rmdirSync, type Stats, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../../core/clock.ts';
import { AppError, fileError } from '../../../core/errors.ts';
import { printable } from '../../../core/text.ts';
import { realpath } from '../../../files/elsewhere.ts';
import { makeFolder } from '../../../files/make-folder.ts';
import { syncFolder } from '../../../files/sync-folder.ts';
import { LocalFile } from '../local-file.ts';
import { inLanes } from '../sessions/lanes.ts';
import { holdsUnsafeName, localPath, unsafeLocalName } from '../trees/paths.ts';
import { parentOf } from '../trees/tree.ts';

/** So long a folder counts as one for the next file: whoever can put a link in its place can do so right after any look. */
const SEEN_MS = 1_000;

/** Folders that are synced side by side. */
const SYNCED_AT_ONCE = 8;

const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface OpenFile {
  readonly file: LocalFile;
  /** When it was opened. */
  readonly size: number;
}

export interface LocalFolderOptions {
  readonly durable?: boolean;
  readonly clock?: Pick<Clock, 'elapsed'>;
}

export class LocalFolder {
  /** Content is to be synced before it gets its name, and names before settle() resolves. */
  readonly durable: boolean;
  readonly #root: string;
  readonly #touched = new Set<string>();
  readonly #clock: Pick<Clock, 'elapsed'>;
  /** Seen to be folders since. */
  readonly #seen = new Set<string>();
  #since = 0;

  private constructor(root: string, durable: boolean, clock: Pick<Clock, 'elapsed'>) {
    this.#root = root;
    this.#clock = clock;
    this.durable = durable;
  }

  /** Makes the folder when it is missing; it may itself be reached through a link, as the user wrote it. */
  static async open(path: string, { durable = true, clock = systemClock }: LocalFolderOptions = {}): Promise<LocalFolder> {
    try {
      await makeFolder(path);
      return new LocalFolder(await realpath(path), durable, clock);
    } catch (error) {
      throw fileError(error, path);
    }
  }

  /** Opens for reading and writing, creating; never through a link. `path` is relative, with '/'. */
  openFile(path: string): OpenFile {
    const now = this.#clock.elapsed();
    if (now - this.#since > SEEN_MS) {
      this.#since = now;
      this.#seen.clear();
    }
    const full = this.#checked(path, this.#seen);
    const fresh = named(full, () => this.#create(full));
    if (fresh !== undefined) return { file: fresh, size: 0 };
    const file = named(full, () => LocalFile.open(full, FLAGS, 0o666, this.durable));
    const facts = file.stat();
    if (facts.isFile()) return { file, size: facts.size };
    file.close();
    throw new AppError('unsafe-path', `${printable(path)} is not a plain file`);
  }

  facts(path: string): Stats | undefined {
    const full = this.#checked(path);
    return missingIsFine(full, () => lstatSync(full));
  }

  makeFolder(path: string, mode: number | undefined): void {
    const full = this.#checked(path);
    try {
      mkdirSync(full);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !lstatSync(full).isDirectory()) throw fileError(error, full);
    }
    if (mode !== undefined) this.#chmodFolder(full, mode);
    this.#touch(path);
  }

  /** Within one folder it brings nothing anywhere else, whatever that folder has become: it is looked at only for a move. */
  rename(from: string, to: string): void {
    const beside = parentOf(from) === parentOf(to);
    const target = beside ? this.#named(to) : this.#checked(to);
    const source = beside ? this.#named(from) : this.#checked(from);
    named(target, () => renameSync(source, target));
    this.#touch(to);
  }

  #named(path: string): string {
    if (holdsUnsafeName(path)) for (const name of path.split('/')) assertSafe(name, path);
    return localPath(this.#root, path);
  }

  /** A file or an empty folder; one that is gone already is fine. */
  remove(path: string, kind: 'file' | 'folder'): void {
    const full = this.#checked(path);
    missingIsFine(full, () => (kind === 'file' ? unlinkSync(full) : rmdirSync(full)));
    this.#touch(path);
  }

  /** Names become durable when their folder is synced; where that cannot be done, only when they will is not known. */
  async settle(): Promise<void> {
    const folders = [...this.#touched].map(folder => join(this.#root, folder));
    this.#touched.clear();
    await inLanes(folders, SYNCED_AT_ONCE, folder => syncFolder(folder).catch(() => undefined));
  }

  /** The absolute path, after every folder on the way but those of `seen` was seen to be a folder and no link. */
  #checked(path: string, seen?: Set<string>): string {
    const full = this.#named(path);
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      const folder = localPath(this.#root, path.slice(0, slash));
      if (seen?.has(folder)) continue;
      if (named(folder, () => lstatSync(folder)).isDirectory()) {
        seen?.add(folder);
        continue;
      }
      const name = path.slice(path.lastIndexOf('/', slash - 1) + 1, slash);
      throw new AppError('unsafe-path', `${printable(path)}: ${printable(name)} is a link or a file, not a folder`);
    }
    return full;
  }

  /** What did not exist is a plain, empty file: nothing is to be asked about it. undefined: something is there. */
  #create(full: string): LocalFile | undefined {
    try {
      return LocalFile.open(full, FLAGS | constants.O_EXCL, 0o666, this.durable);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
      throw error;
    }
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
