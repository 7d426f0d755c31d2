// The folder that the FTP server shows: virtual paths in, real paths out, and no way out of it.
import { lstat, realpath } from 'node:fs/promises';
import { join, posix, sep } from 'node:path';
import { makeFolder } from '../../files/make-folder.ts';
import { Refusal } from '../refusal.ts';

export class Site {
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  /** Makes the folder when it is missing. */
  static async open(dir: string): Promise<Site> {
    await makeFolder(dir);
    return new Site(await realpath(dir));
  }

  /** The virtual absolute path that a client means; `..` ends at the root. */
  virtual(cwd: string, path: string): string {
    if (path.includes('\0')) throw new Refusal('501 A name cannot contain NUL.');
    const whole = posix.resolve('/', cwd, path);
    return whole === '' ? '/' : whole;
  }

  /** Where the entry itself lies (a symlink is not followed), whether it exists or not. Its folder must exist, inside. */
  async entry(virtual: string): Promise<string> {
    if (virtual === '/') return this.#root;
    const folder = await this.#inside(join(this.#root, posix.dirname(virtual)));
    return join(folder, posix.basename(virtual));
  }

  /** Where the content lies: symlinks are followed as long as they stay inside. */
  async content(virtual: string): Promise<string> {
    const path = await this.entry(virtual);
    const symlink = await lstat(path).then(
      stats => stats.isSymbolicLink(),
      () => false,
    );
    return symlink ? this.#inside(path) : path;
  }

  /** True when a symlink leads to something inside. */
  async leadsInside(path: string): Promise<boolean> {
    return this.#inside(path).then(
      () => true,
      () => false,
    );
  }

  async #inside(path: string): Promise<string> {
    const real = await realpath(path);
    if (real !== this.#root && !real.startsWith(this.#root + sep)) throw new Refusal('550 That lies outside of this server.');
    return real;
  }
}

const ERRNO_REPLIES: Readonly<Record<string, string>> = {
  ENOENT: '550 No such file or directory.',
  ENOTDIR: '550 Not a directory.',
  EISDIR: '550 Not a plain file.',
  EEXIST: '550 File exists.',
  ENOTEMPTY: '550 Directory not empty.',
  EACCES: '550 Permission denied.',
  EPERM: '550 Operation not permitted.',
  ELOOP: '550 Too many symbolic links.',
  ENAMETOOLONG: '553 File name too long.',
  EINVAL: '553 Invalid file name.',
  ENOSPC: '452 No space left on device.',
  EDQUOT: '552 Disk quota exceeded.',
};

/** The reply to anything thrown by a file operation; undefined when it is none. */
export function replyTo(error: unknown): string | undefined {
  if (error instanceof Refusal) return error.reply;
  const errno = (error as NodeJS.ErrnoException).code;
  if (errno === undefined || !/^E[A-Z0-9]+$/.test(errno)) return undefined;
  return ERRNO_REPLIES[errno] ?? `451 Local error (${errno}).`;
}
