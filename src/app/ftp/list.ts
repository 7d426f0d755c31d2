// ls, stat, du, sum and cat: what is on the server, without changing it.
import { createHash } from 'node:crypto';
import { AppError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import type { Column } from '../../progress/table.ts';
import { localMinute } from '../../progress/time.ts';
import type { FtpClient, FtpEntry } from '../../protocols/ftp/index.ts';
import { demand, find, isFolder, joined, missing, type RemoteItem, tidy, unlessMissing } from './remote.ts';
import { expand, isGlob, isLiteral } from './remote-glob.ts';
import { collected, walk } from './walk.ts';

export interface ListOptions {
  readonly recursive: boolean;
  /** Names with a leading dot, too. */
  readonly all: boolean;
}

/** The entries of a folder, one file, or what a pattern names; a folder that matches a pattern is shown, not opened. */
export async function listRemote(
  client: FtpClient,
  path: string,
  { recursive, all }: ListOptions,
): Promise<readonly RemoteItem[]> {
  const shown = ({ path: at }: RemoteItem) => all || !at.split('/').some(name => /^\.[^.]/.test(name));
  const folder = tidy(path);
  const matches = isGlob(path) ? await expand(client, path) : undefined;
  if (matches !== undefined && !isLiteral(matches, path)) return recursive ? collected(opened(client, matches)) : matches;
  if (recursive && (await isFolder(client, folder))) return (await collected(walk(client, folder))).filter(shown);
  const entries = await client.list(folder).catch(unlessMissing);
  if (entries !== undefined) return byName(entries.map(entry => ({ path: joined(folder, entry.name), entry }))).filter(shown);
  return [await demandFile(client, folder)];
}

/** As people read it: a table. */
export const LISTING: readonly Column<RemoteItem>[] = [
  { title: 'MODE', value: ({ entry }) => modeText(entry), optional: true },
  { title: 'SIZE', value: ({ entry }) => (entry.size === undefined ? '' : String(entry.size)), align: 'right' },
  {
    title: 'MODIFIED',
    value: ({ entry }) => (entry.modifiedAt === undefined ? '' : localMinute(entry.modifiedAt)),
    optional: true,
  },
  {
    title: 'NAME',
    value: ({ path, entry }) =>
      `${path}${entry.type === 'folder' ? '/' : ''}${entry.target === undefined ? '' : ` -> ${entry.target}`}`,
    flexible: true,
    keepEnd: true,
  },
];

/** How a listing of `folder` calls what lies in it; a path that is no part of it, such as a match of a pattern, stays whole. */
export function nameWithin(folder: string, path: string): string {
  const start = tidy(folder).replace(/\/?$/, '/');
  return path.length > start.length && path.startsWith(start) ? path.slice(start.length) : path;
}

async function demandFile(client: FtpClient, path: string): Promise<RemoteItem> {
  const item = await find(client, path).catch(unlessMissing);
  if (item === undefined) throw missing(path);
  return item;
}

async function* opened(client: FtpClient, items: readonly RemoteItem[]): AsyncGenerator<RemoteItem> {
  for (const item of items) {
    yield item;
    if (item.entry.type === 'folder') yield* walk(client, item.path);
  }
}

function byName(items: readonly RemoteItem[]): readonly RemoteItem[] {
  return [...items].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** One path as exactly as the server tells: SIZE and MDTM where the listing is coarse. */
export async function statRemote(client: FtpClient, path: string): Promise<RemoteItem> {
  const item = await demand(client, path);
  if (item.entry.type !== 'file') return item;
  const size = await client.size(item.path);
  const modifiedAt = await client.modified(item.path);
  const exact = {
    ...(size === undefined ? {} : { size }),
    ...(modifiedAt === undefined ? {} : { modifiedAt, precisionMs: 1_000 }),
  };
  return { path: item.path, entry: { ...item.entry, ...exact } };
}

export interface FolderUse {
  readonly path: string;
  readonly bytes: number;
  readonly files: number;
}

/** Sums per folder, deepest first, the asked one last; `depth` 0 gives that one alone. */
export async function diskUse(client: FtpClient, path: string, depth: number): Promise<readonly FolderUse[]> {
  const root = tidy(path);
  const item = await demand(client, root);
  if (item.entry.type === 'file') return [{ path: root, bytes: item.entry.size ?? 0, files: 1 }];
  const sums = new Map<string, { bytes: number; files: number }>([[root, { bytes: 0, files: 0 }]]);
  for await (const { path: at, entry } of walk(client, root)) {
    if (entry.type === 'folder') sums.set(at, { bytes: 0, files: 0 });
    if (entry.type !== 'file') continue;
    for (const [folder, sum] of sums) {
      if (folder !== root && !at.startsWith(`${folder}/`)) continue;
      sum.bytes += entry.size ?? 0;
      sum.files += 1;
    }
  }
  const depthOf = (folder: string) =>
    folder === root
      ? 0
      : folder
          .slice(root === '.' || root === '/' ? 0 : root.length + 1)
          .split('/')
          .filter(Boolean).length;
  return [...sums]
    .filter(([folder]) => depthOf(folder) <= depth)
    .map(([folder, sum]) => ({ path: folder, ...sum }))
    .reverse();
}

/** SHA-256 of what the server sends. */
export async function sumRemote(client: FtpClient, path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of client.download(path)) hash.update(chunk);
  return hash.digest('hex');
}

/** The bytes of a file, for stdout. Throws AppError `is-folder` for a folder, which servers refuse in many words. */
export async function* catRemote(client: FtpClient, pattern: string): AsyncGenerator<Buffer> {
  const paths = isGlob(pattern)
    ? (await expand(client, pattern)).filter(({ entry }) => entry.type !== 'folder').map(({ path }) => path)
    : [tidy(pattern)];
  for (const path of paths) {
    if (path === '.' || path === '/') throw new AppError('is-folder', `${printable(path)} is a folder`, { hint: 'Name a file.' });
    yield* client.download(path);
  }
}

/** `drwxr-xr-x`, `-rw-r--r--`; only the kind where the server tells no mode. */
export function modeText({ type, mode }: FtpEntry): string {
  const kind = { file: '-', folder: 'd', link: 'l', other: '?' }[type];
  if (mode === undefined) return kind;
  const bits = [...'rwxrwxrwx'].map((letter, i) => ((mode >> (8 - i)) & 1 ? letter : '-'));
  return kind + bits.join('');
}

/** As programs read it. */
export function itemJson({ path, entry }: RemoteItem): Record<string, unknown> {
  const { name, type, size, modifiedAt, mode, target } = entry;
  return {
    path,
    name,
    type,
    ...(size === undefined ? {} : { size }),
    ...(modifiedAt === undefined ? {} : { 'modified-at': new Date(modifiedAt).toISOString() }),
    ...(mode === undefined ? {} : { mode: mode.toString(8).padStart(3, '0') }),
    ...(target === undefined ? {} : { target }),
  };
}
