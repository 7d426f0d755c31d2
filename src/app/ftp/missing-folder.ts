// A path that the server refused because its folder is not there: its own words are "Could not create file", or "try again later".
import { posix } from 'node:path';
import { AppError, RefusedError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import type { FtpClient } from '../../protocols/ftp/index.ts';
import { tidy, unlessMissing } from './remote.ts';

/** Throws what `work` throws, but AppError `folder-missing` when it was refused and the folder of `path` cannot be entered. */
export async function intoFolderOf<T>(client: FtpClient, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const folder = posix.dirname(tidy(path));
    if (!(error instanceof RefusedError) || (await canBeEntered(client, folder))) throw error;
    throw new AppError('folder-missing', `${printable(folder)}: there is no such folder on the server (${replyOf(error)})`, {
      hint: 'Make it with `ftp mkdir --parents`, or in the shell with `mkdir -p`; a path of a URL starts at the folder of the login, and //path at the root.',
      cause: error,
    });
  }
}

function replyOf({ refusal }: RefusedError): string {
  return `${refusal.replyCode} ${refusal.replyText}`;
}

/** True also where nobody can tell: then the server’s words are all there is. */
async function canBeEntered(client: FtpClient, folder: string): Promise<boolean> {
  if (folder === '.' || folder === '/' || !client.usable) return true;
  try {
    return (await client.list(folder).catch(unlessMissing)) !== undefined;
  } catch {
    return true;
  }
}
