// Questions to a server about one path, answered by SIZE where it can and by a listing of the folder where it cannot.
import { AppError, RefusedError } from '../../../core/errors.ts';
import type { FtpClient } from '../../../protocols/ftp/index.ts';
import { isMissingPath } from '../workshop.ts';
import { siblingOf } from './paths.ts';

/** The file's size now; undefined when there is no such file, or when the server tells no sizes. */
export async function remoteSize(client: FtpClient, path: string): Promise<number | undefined> {
  return (await orRefused(client.size(path))) ?? (await listed(client, path))?.size;
}

/** The answer, or undefined when the server refuses to give one. */
export async function orRefused<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RefusedError) return undefined;
    throw error;
  }
}

export async function remoteExists(client: FtpClient, path: string): Promise<boolean> {
  return (await listed(client, path)) !== undefined;
}

/** What a listing of its folder says of the path; undefined when there is nothing. */
export async function listed(client: FtpClient, path: string) {
  const folder = siblingOf(path, '').replace(/(.)\/$/, '$1') || '.';
  try {
    const name = path.slice(path.lastIndexOf('/') + 1);
    return (await client.list(folder)).find(entry => entry.name === name);
  } catch (error) {
    if (isMissingPath(error)) return undefined;
    throw error;
  }
}

/** The server's no, or ours to a path that was relative to another folder: either may be tried again by itself. */
export function isRefusal(error: unknown): boolean {
  return error instanceof RefusedError || (error instanceof AppError && error.code === 'folder-left');
}
