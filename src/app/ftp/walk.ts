// Everything below a folder on the server, folders before what they hold; links are shown and never entered.
import { AppError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import type { FtpClient } from '../../protocols/ftp/index.ts';
import { joined, type RemoteItem } from './remote.ts';

const ENTRIES_MAX = 2_000_000;
const DEPTH_MAX = 100;

export async function* walk(client: FtpClient, folder: string): AsyncGenerator<RemoteItem> {
  const budget = { left: ENTRIES_MAX };
  yield* below(client, folder, DEPTH_MAX, budget);
}

async function* below(client: FtpClient, folder: string, depth: number, budget: { left: number }): AsyncGenerator<RemoteItem> {
  const entries = (await client.list(folder)).sort((a, b) => (a.name < b.name ? -1 : 1));
  budget.left -= entries.length;
  if (depth === 0 || budget.left < 0) {
    throw new AppError('tree-too-large', `${printable(folder)} holds too much to walk through, or its folders never end`, {
      hint: 'Work on a smaller folder.',
    });
  }
  for (const entry of entries) {
    const path = joined(folder, entry.name);
    yield { path, entry };
    if (entry.type === 'folder') yield* below(client, path, depth - 1, budget);
  }
}

export async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
