// Walking a folder on a server: the order of what is found, how little is asked for it, and where it ends.
import { expect, test } from 'vitest';
import { collected, walk } from '../../../src/app/ftp/walk.ts';
import type { FtpClient, FtpEntry } from '../../../src/protocols/ftp/index.ts';

const ENTRIES_MAX = 6;

/** `together`: whether it lists several folders at once. Paths that end with '/' are folders. */
function serverWith(paths: readonly string[], together: boolean) {
  const asked: string[] = [];
  const entriesOf = (folder: string): FtpEntry[] => {
    const top = folder === '.' ? '' : `${folder}/`;
    return paths
      .filter(path => path.startsWith(top) && path !== top && !path.slice(top.length, -1).includes('/'))
      .map(path => ({ name: path.slice(top.length).replace(/\/$/, ''), type: path.endsWith('/') ? 'folder' : 'file' }));
  };
  const client = {
    async list(folder: string) {
      asked.push(folder);
      return entriesOf(folder);
    },
    async listTogether(folders: readonly string[]) {
      asked.push(`${folders.length} together`);
      return folders.map(folder => (together && !folder.endsWith('odd') ? entriesOf(folder) : undefined));
    },
  };
  return { asked, client: client as unknown as FtpClient };
}

const TREE = ['b/', 'b/f', 'a/', 'a/z', 'a/odd/', 'a/odd/deep', 'c'];
const IN_ORDER = ['a', 'a/odd', 'a/odd/deep', 'a/z', 'b', 'b/f', 'c'];

test.each([
  { together: true, asks: ['.', '2 together', '1 together', 'a/odd'] },
  { together: false, asks: ['.', '2 together', 'b', 'a', '1 together', 'a/odd'] },
])('a tree comes depth first, in order of names, and is asked for level by level: $asks', async ({ together, asks }) => {
  const { asked, client } = serverWith(TREE, together);
  const found = (await collected(walk(client, '.'))).map(({ path }) => path);
  expect(found).toEqual(IN_ORDER);
  expect([...asked].sort()).toEqual([...asks].sort());
});

test('more entries than the limit end the walk', async () => {
  const most = serverWith(TREE.slice(0, ENTRIES_MAX), true);
  expect(await collected(walk(most.client, '.', ENTRIES_MAX))).toHaveLength(ENTRIES_MAX);
  const { client } = serverWith(TREE, true);
  await expect(collected(walk(client, '.', ENTRIES_MAX))).rejects.toMatchObject({ code: 'tree-too-large' });
});

test('folders nested 100 deep are walked, one more is not', async () => {
  const nested = (depth: number) => Array.from({ length: depth }, (_, at) => 'd/'.repeat(at + 1));
  expect(await collected(walk(serverWith(nested(100), true).client, '.'))).toHaveLength(100);
  await expect(collected(walk(serverWith(nested(101), true).client, '.'))).rejects.toMatchObject({ code: 'tree-too-large' });
});

test('folders of endlessly long names end the walk', async () => {
  const name = 'd'.repeat(16_000);
  const entries = Array.from({ length: 60 }, (_, at) => ({ name: `${at}${name}`, type: 'folder' }));
  const list = async () => entries;
  const client = { list, listTogether: async (folders: readonly string[]) => folders.map(() => undefined) };
  await expect(collected(walk(client as unknown as FtpClient, '.'))).rejects.toMatchObject({ code: 'tree-too-large' });
});
