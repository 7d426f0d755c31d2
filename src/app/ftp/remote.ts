// What a path on the server is: asked of the listing of its folder, which every server can give.
import { posix } from 'node:path';
import { AppError, RefusedError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import type { FtpClient, FtpEntry } from '../../protocols/ftp/index.ts';

export interface RemoteItem {
  /** As the server must be told. */
  readonly path: string;
  readonly entry: FtpEntry;
}

/** `.` is the folder of the login. */
export function joined(folder: string, name: string): string {
  return folder === '.' || folder === '' ? name : posix.join(folder, name);
}

/** `.` for the folder of the login; without doubled or trailing slashes. */
export function tidy(path: string): string {
  const normal = posix.normalize(path === '' ? '.' : path);
  return normal.length > 1 ? normal.replace(/\/$/, '') : normal;
}

/** Paths that can only be folders, and have no name of their own. */
function isNameless(path: string): boolean {
  return path === '.' || path === '/' || /(^|\/)\.\.$/.test(path);
}

/** Undefined when nothing of that name is listed. Throws `path-missing` when not even the folder is there. */
export async function find(client: FtpClient, path: string): Promise<RemoteItem | undefined> {
  const clean = tidy(path);
  if (isNameless(clean)) return { path: clean, entry: { name: clean, type: 'folder' } };
  const entries = await client.list(posix.dirname(clean));
  const entry = entries.find(({ name }) => name === posix.basename(clean));
  return entry === undefined ? undefined : { path: clean, entry };
}

/** Throws AppError `path-missing`. */
export async function demand(client: FtpClient, path: string): Promise<RemoteItem> {
  const item = await find(client, path);
  if (item !== undefined) return item;
  throw missing(path);
}

/** Throws AppError `usage` when two different paths end in one name: in one folder, the second would take the place of the first. */
export function assertDistinct(paths: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const path of paths) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const other = seen.get(name);
    if (other !== undefined && other !== path) {
      throw new AppError('usage', `${printable(other)} and ${printable(path)} have one name, and would go to one folder`, {
        hint: 'Nothing was transferred. Take them one by one; whole folders, by --recursive or `ftp mirror`, keep them apart.',
      });
    }
    seen.set(name, path);
  }
}

export function missing(path: string): AppError {
  return new AppError('path-missing', `${printable(path)}: there is no such file or folder on the server`, {
    hint: 'List the folder above it; a path of a URL starts at the folder of the login, and //path at the root.',
  });
}

/** True for a folder, and for a link to one. */
export async function isFolder(client: FtpClient, path: string): Promise<boolean> {
  const item = await find(client, path).catch(unlessMissing);
  if (item === undefined) return false;
  if (item.entry.type !== 'link') return item.entry.type === 'folder';
  return (await client.list(item.path).catch(unlessMissing)) !== undefined;
}

/** Turns the refusal of a missing folder into undefined. */
export function unlessMissing(error: unknown): undefined {
  if (error instanceof RefusedError && error.code === 'path-missing') return undefined;
  throw error;
}
