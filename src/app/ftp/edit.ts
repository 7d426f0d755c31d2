// rm, mkdir, mv and chmod on the server.
import { posix } from 'node:path';
import { AppError, RefusedError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import type { FtpClient } from '../../protocols/ftp/index.ts';
import { chunksOf } from '../../steps/ftp-mirror/sessions/lanes.ts';
import { intoFolderOf } from './missing-folder.ts';
import { demand, isFolder, joined, type RemoteItem, tidy } from './remote.ts';
import { expand } from './remote-glob.ts';
import { collected, walk } from './walk.ts';

type Done = (path: string) => void;

/** Files, and with `recursive` folders with all that is in them. Throws AppError `is-folder` for a folder otherwise. */
export async function removeRemote(client: FtpClient, pattern: string, recursive: boolean, done: Done): Promise<void> {
  const items = await expand(client, pattern);
  for (const item of items) assertRemovable(item, recursive);
  for (const item of items) {
    if (item.entry.type === 'folder') await removeTree(client, item.path, done);
    else await client.remove(item.path);
    done(item.path);
  }
}

function assertRemovable({ path, entry }: RemoteItem, recursive: boolean): void {
  if (path === '/' || path === '.' || path.endsWith('..')) {
    throw new AppError('usage', `${path} as a whole is not deleted`, { hint: 'Name what is in it.' });
  }
  if (entry.type === 'folder' && !recursive) {
    throw new AppError('is-folder', `${printable(path)} is a folder`, { hint: '--recursive deletes it with all that is in it.' });
  }
}

/** Commands that leave together, where several may. */
const TOGETHER = 100;

async function removeTree(client: FtpClient, folder: string, done: Done): Promise<void> {
  const items = (await collected(walk(client, folder))).reverse();
  for (const some of chunksOf(items, TOGETHER)) {
    const asked = some.map(item =>
      removeOne(client.soon, item)
        .then(() => true)
        .catch(() => false),
    );
    await client.flush();
    for (const [index, item] of some.entries()) {
      if (!(await asked[index])) await removeOne(client, item);
      done(item.path);
    }
  }
  await client.removeFolder(folder);
}

function removeOne(by: Pick<FtpClient, 'remove' | 'removeFolder'>, { path, entry }: RemoteItem): Promise<void> {
  return entry.type === 'folder' ? by.removeFolder(path) : by.remove(path);
}

/** With `parents` also the folders above, and one that is there already is fine. */
export async function makeFolder(client: FtpClient, path: string, parents: boolean): Promise<void> {
  const folder = tidy(path);
  if (!parents) return intoFolderOf(client, folder, () => client.makeFolder(folder));
  try {
    await client.makeFolder(folder);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    if (await isFolder(client, folder)) return;
    const above = posix.dirname(folder);
    if (above === '/' || above === '.' || (await isFolder(client, above))) throw error;
    await makeFolder(client, above, true);
    await client.makeFolder(folder);
  }
}

/** Into `to` when that is a folder. Resolves with the new path. */
export async function moveRemote(client: FtpClient, from: string, to: string): Promise<string> {
  const into = to.endsWith('/') || (await isFolder(client, to));
  const target = into ? joined(tidy(to), posix.basename(tidy(from))) : tidy(to);
  try {
    await intoFolderOf(client, target, () => client.rename(tidy(from), target));
  } catch (error) {
    if (error instanceof RefusedError && error.refusal.command.startsWith('RNFR ')) await demandIfListed(client, from);
    throw error;
  }
  return target;
}

/** Throws AppError `path-missing` when a listing would show it and does not: some leave out names with a dot. */
async function demandIfListed(client: FtpClient, path: string): Promise<void> {
  if (client.usable && !posix.basename(tidy(path)).startsWith('.')) await demand(client, path);
}

/** Throws AppError `mode-refused`. */
export async function chmodRemote(client: FtpClient, mode: string, pattern: string, done: Done): Promise<void> {
  const bits = parseMode(mode);
  for (const { path } of await expand(client, pattern)) {
    if (!(await client.chmod(path, bits))) {
      throw new AppError('mode-refused', `the server does not change the mode of ${printable(path)}`, {
        hint: 'It has no SITE CHMOD, or the file belongs to somebody else.',
      });
    }
    done(path);
  }
}

function parseMode(text: string): number {
  if (/^[0-7]{3,4}$/.test(text)) return Number.parseInt(text, 8);
  throw new AppError('usage', `${printable(text)} is no mode`, { hint: 'Write three or four octal digits, as 644.' });
}
