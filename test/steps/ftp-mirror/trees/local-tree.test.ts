// Walking the local folder: the same tree whether its entries are looked at at once or in threads.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeFilter } from '../../../../src/steps/ftp-mirror/trees/filter.ts';
import { walkLocal } from '../../../../src/steps/ftp-mirror/trees/local-tree.ts';
import { inTempDir } from '../../../support/cli.ts';

/** A look takes so long. */
const clockThatTakes = (ms: number) => {
  let now = 0;
  return {
    elapsed() {
      now += ms;
      return now;
    },
  };
};

it('finds the same in a folder of three batches on a quick disk and on a slow one', () =>
  inTempDir(async root => {
    const names = Array.from({ length: 600 }, (_, index) => `file-${String(index).padStart(3, '0')}`);
    for (const name of names) writeFileSync(join(root, name), name);
    mkdirSync(join(root, 'folder'));
    writeFileSync(join(root, 'folder/inside'), '');
    symlinkSync('file-000', join(root, 'link'));
    const { signal } = new AbortController();
    const walk = async (ms: number) => {
      const said: string[] = [];
      const warn = (message: string) => void said.push(message);
      const found = await walkLocal({
        ...{ root, filter: makeFilter([], []), symlinks: 'skip', signal, clock: clockThatTakes(ms), warn },
      });
      return { ...found, said };
    };
    const [quick, slow] = [await walk(0), await walk(20)];
    expect([...(quick.tree?.files.keys() ?? [])]).toEqual([...names, 'folder/inside']);
    expect(quick.tree?.files.get('file-123')).toMatchObject({ size: 8, precisionMs: 0 });
    expect(quick.said).toHaveLength(1);
    expect({ files: slow.tree?.files, said: slow.said }).toEqual({ files: quick.tree?.files, said: quick.said });
  }));

it('a name that is no UTF-8 is neither left out in silence nor taken for gone', () =>
  inTempDir(async root => {
    for (const name of ['caf\xe9.txt', 'ok.txt']) writeFileSync(Buffer.from(`${root}/${name}`, 'latin1'), name);
    mkdirSync(Buffer.from(`${root}/d\xe9`, 'latin1'));
    const { signal } = new AbortController();
    for (const ms of [0, 20]) {
      const walk = { root, filter: makeFilter([], []), signal, clock: clockThatTakes(ms), warn: () => undefined };
      const source = await walkLocal({ ...walk, symlinks: 'skip', unsafeName: () => undefined });
      expect([...(source?.tree.files.keys() ?? [])]).toEqual(['ok.txt']);
      const message = 'the name is not valid UTF-8 on this disk';
      const paths = ['caf\ufffd.txt', 'd\ufffd'];
      expect(source?.unsafe).toEqual(paths.map(path => ({ path, message })));
      expect([...(source?.tree.barred.keys() ?? [])]).toEqual(paths);
      expect((await walkLocal({ ...walk, symlinks: 'stay' }))?.unsafe).toEqual([]);
    }
  }));
