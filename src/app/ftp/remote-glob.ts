// `*.html` and `20*/report-?.pdf` on the server: folders are listed level by level, names matched here.
import { matchesGlob, posix } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import type { FtpClient, FtpEntry } from '../../protocols/ftp/index.ts';
import { demand, joined, type RemoteItem, tidy, unlessMissing } from './remote.ts';

/** More matches than this are a mistake in a pattern. */
const MATCHES_MAX = 100_000;

export function isGlob(path: string): boolean {
  return /[*?[{]/.test(path);
}

/**
 * What the pattern names, in order; a path without wildcards is itself, and so is a name such as `photo[1].jpg` that is there.
 * Throws `path-missing` when there is nothing.
 */
export async function expand(client: FtpClient, pattern: string): Promise<readonly RemoteItem[]> {
  if (!isGlob(pattern)) return [await demand(client, pattern)];
  const items = await matching(client, tidy(pattern));
  if (items.length > 0) return items;
  throw new AppError('path-missing', `nothing on the server matches ${printable(pattern)}`, {
    hint: 'List the folder and compare.',
  });
}

async function matching(client: FtpClient, pattern: string): Promise<readonly RemoteItem[]> {
  const [folder, name] = [posix.dirname(pattern), posix.basename(pattern)];
  const folders = isGlob(folder)
    ? (await matching(client, folder)).filter(({ entry }) => entry.type !== 'file').map(({ path }) => path)
    : [folder];
  const found: RemoteItem[] = [];
  for (const parent of folders) {
    const entries = isGlob(folder) ? await client.list(parent).catch(unlessMissing) : await client.list(parent);
    for (const entry of named(entries ?? [], name)) found.push({ path: joined(parent, entry.name), entry });
    if (found.length > MATCHES_MAX)
      throw new AppError('too-many-matches', `${printable(pattern)} matches more than ${MATCHES_MAX} names`);
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A name that only looks like a pattern means itself, and nothing that the pattern would match. */
function named(entries: readonly FtpEntry[], pattern: string): readonly FtpEntry[] {
  const literal = entries.find(({ name }) => name === pattern && !nameMatches(name, pattern));
  return literal === undefined ? entries.filter(({ name }) => nameMatches(name, pattern)) : [literal];
}

/** True for what expand() found because it is written so, and not because it matches. */
export function isLiteral(items: readonly RemoteItem[], pattern: string): boolean {
  return items.length === 1 && items[0]?.path === tidy(pattern);
}

/** As in a shell: a leading dot must be written. */
function nameMatches(name: string, pattern: string): boolean {
  if (!isGlob(pattern)) return name === pattern;
  return (!name.startsWith('.') || pattern.startsWith('.')) && matchesGlob(name, pattern);
}
