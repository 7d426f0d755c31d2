// Everything below a folder on the server, folders before what they hold; links are shown and never entered. Asked level by level, so that
// a server which lists many folders in one round trip is asked for many.
import { AppError } from '../../core/errors.ts';
import { printable, shorten } from '../../core/text.ts';
import type { FtpClient, FtpEntry } from '../../protocols/ftp/index.ts';
import { DEPTH_MAX, ENTRIES_MAX, PATHS_CHARS_MAX } from '../../steps/ftp-mirror/trees/tree.ts';
import { joined, type RemoteItem } from './remote.ts';

/** Folders that are asked for at once. */
const TOGETHER = 250;

/** What lies in each folder, in order of names. */
type Contents = Map<string, readonly FtpEntry[]>;

export async function* walk(client: FtpClient, folder: string, entriesMax: number = ENTRIES_MAX): AsyncGenerator<RemoteItem> {
  yield* below(folder, await contentsBelow(client, folder, entriesMax));
}

async function contentsBelow(client: FtpClient, root: string, entriesMax: number): Promise<Contents> {
  const contents: Contents = new Map();
  let [left, leftChars] = [entriesMax, PATHS_CHARS_MAX];
  let level = [root];
  for (let depth = 0; level.length > 0; depth++) {
    const next: string[] = [];
    for (let at = 0; at < level.length; at += TOGETHER) {
      const folders = level.slice(at, at + TOGETHER);
      const known = depth === 0 ? [] : await client.listTogether(folders);
      for (const [index, folder] of folders.entries()) {
        const entries = [...(known[index] ?? (await client.list(folder)))].sort((a, b) => (a.name < b.name ? -1 : 1));
        left -= entries.length;
        for (const { name } of entries) leftChars -= folder.length + name.length;
        if (depth > DEPTH_MAX || left < 0 || leftChars < 0) throw tooLarge(folder);
        contents.set(folder, entries);
        for (const { name, type } of entries) if (type === 'folder') next.push(joined(folder, name));
      }
    }
    level = next;
  }
  return contents;
}

function tooLarge(folder: string): AppError {
  return new AppError(
    'tree-too-large',
    `${shorten(printable(folder), 200)} holds too much to walk through, or its folders never end`,
    {
      hint: 'Work on a smaller folder.',
    },
  );
}

/** Depth first, whatever was learned first; a folder that was handed out is forgotten. */
function* below(folder: string, contents: Contents): Generator<RemoteItem> {
  const entries = contents.get(folder) ?? [];
  contents.delete(folder);
  for (const entry of entries) {
    const path = joined(folder, entry.name);
    yield { path, entry };
    if (entry.type === 'folder') yield* below(path, contents);
  }
}

export async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
