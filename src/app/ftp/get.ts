// ftp get: files and folders from the server into local ones, each whole or not at all.
import { stat } from 'node:fs/promises';
import { basename, dirname, posix, resolve } from 'node:path';
import { AppError, fileError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import type { FtpClient } from '../../protocols/ftp/index.ts';
import { LocalFolder } from '../../steps/ftp-mirror/download/local-folder.ts';
import { downloadFile } from './download.ts';
import type { TransferProgress } from './progress.ts';
import { assertDistinct, type RemoteItem, tidy } from './remote.ts';
import { expand, isGlob, isLiteral } from './remote-glob.ts';
import { walk } from './walk.ts';

export interface GetRequest {
  /** A path or a pattern on the server. */
  readonly pattern: string;
  /** A folder, or the name for one file; undefined is the current folder. */
  readonly local: string | undefined;
  readonly cwd: string;
  readonly recursive: boolean;
  readonly progress: TransferProgress;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export interface Fetched {
  readonly remote: string;
  readonly bytes: number;
}

export async function getFiles(client: FtpClient, request: GetRequest): Promise<readonly Fetched[]> {
  const items = await expand(client, request.pattern);
  assertDistinct(items.map(({ path }) => path));
  const place = await placeOf(request, items);
  const fetched: Fetched[] = [];
  for (const item of items) {
    if (item.entry.type === 'folder') for (const one of await getFolder(client, item, place, request)) fetched.push(one);
    else fetched.push(await getOne(client, item, place.folder, place.name ?? posix.basename(item.path), request));
  }
  return fetched;
}

interface Place {
  readonly folder: LocalFolder;
  /** The name for the only item, when the user wrote one. */
  readonly name: string | undefined;
}

async function placeOf({ local, cwd, recursive, pattern }: GetRequest, items: readonly RemoteItem[]): Promise<Place> {
  const folder = items.find(({ entry }) => entry.type === 'folder');
  if (folder !== undefined && !recursive) {
    throw new AppError('is-folder', `${printable(folder.path)} is a folder`, {
      hint: '--recursive fetches it; `ftp mirror` does so again and again.',
    });
  }
  if (local === undefined) return { folder: await LocalFolder.open(cwd), name: undefined };
  const path = resolve(cwd, local);
  if (await isLocalFolder(path)) return { folder: await LocalFolder.open(path), name: undefined };
  const several = isGlob(pattern) && !isLiteral(items, pattern);
  if (several || /[/\\]$/.test(local)) throw noFolder(path);
  if (!(await isLocalFolder(dirname(path)))) throw noFolder(dirname(path));
  return { folder: await LocalFolder.open(dirname(path)), name: basename(path) };
}

function noFolder(path: string): AppError {
  return new AppError('file-missing', `${path}: there is no such folder`, { hint: 'Make it first, or name another one.' });
}

async function isLocalFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw fileError(error, path);
  }
}

async function getFolder(client: FtpClient, item: RemoteItem, place: Place, request: GetRequest): Promise<readonly Fetched[]> {
  const root = tidy(item.path);
  const nameless = root === '.' || root === '/' || root.endsWith('..');
  const top = place.name ?? (nameless ? '' : posix.basename(root));
  if (top !== '') place.folder.makeFolder(top, undefined);
  const fetched: Fetched[] = [];
  for await (const below of walk(client, root)) {
    const relative = root === '.' ? below.path : below.path.slice(root === '/' ? 1 : root.length + 1);
    const local = top === '' ? relative : `${top}/${relative}`;
    if (below.entry.type === 'folder') place.folder.makeFolder(local, undefined);
    else if (below.entry.type === 'file') fetched.push(await getOne(client, below, place.folder, local, request));
    else
      request.say(
        `${printable(below.path)} is left out: it is ${below.entry.type === 'link' ? 'a link' : 'neither a file nor a folder'}`,
      );
  }
  return fetched;
}

async function getOne(
  client: FtpClient,
  { path, entry }: RemoteItem,
  folder: LocalFolder,
  local: string,
  request: GetRequest,
): Promise<Fetched> {
  const { progress, signal } = request;
  const { size, modifiedAt } = entry.type === 'file' ? entry : {};
  const bytes = await downloadFile(client, { remote: path, size, modifiedAt, folder, local, progress, signal });
  return { remote: path, bytes };
}
