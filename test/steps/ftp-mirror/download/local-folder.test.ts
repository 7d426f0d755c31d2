import { mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LocalFolder } from '../../../../src/steps/ftp-mirror/download/local-folder.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';
import { temporaryFolder } from '../rig.ts';

test('no step goes through a link or out of the folder', async () => {
  const [root, outside] = [await temporaryFolder(), await temporaryFolder()];
  await writeFile(join(outside, 'f'), 'mine');
  await symlink(outside, join(root, 'link'));
  await symlink(join(outside, 'f'), join(root, 'file'));
  await writeFile(join(root, 'a'), 'a');
  const folder = await LocalFolder.open(root);
  const unsafe = expect.objectContaining({ code: 'unsafe-path' });
  for (const path of ['link/f', 'link/x/y', '../f', 'a/b', '/etc/x', 'x/../../f', 'C:x']) {
    expect(() => folder.openFile(path), path).toThrow();
  }
  expect(() => folder.openFile('link/f')).toThrow(unsafe);
  expect(() => folder.openFile('file')).toThrow();
  expect(() => folder.makeFolder('link/new', undefined)).toThrow(unsafe);
  expect(() => folder.makeFolder('link', undefined)).toThrow();
  expect(() => folder.remove('link/f', 'file')).toThrow(unsafe);
  expect(() => folder.rename('a', 'link/a')).toThrow(unsafe);
  expect(await readdir(outside)).toEqual(['f']);
  expect(await readFile(join(outside, 'f'), 'utf8')).toBe('mine');
});

test('a folder that became a link is noticed within a second, and at once when something is to be removed', async () => {
  const [root, outside] = [await temporaryFolder(), await temporaryFolder()];
  await mkdir(join(root, 'd'));
  await writeFile(join(outside, 'f'), 'mine');
  const clock = new VirtualClock();
  const folder = await LocalFolder.open(root, { clock });
  folder.openFile('d/a').file.close();
  await rename(join(root, 'd'), join(root, 'old'));
  await symlink(outside, join(root, 'd'));
  const unsafe = expect.objectContaining({ code: 'unsafe-path' });
  expect(() => folder.remove('d/f', 'file')).toThrow(unsafe);
  await clock.advance(1_001);
  expect(() => folder.openFile('d/b')).toThrow(unsafe);
  expect(await readdir(outside)).toEqual(['f']);
});

test('renaming over a link replaces the link, not what it points to', async () => {
  const [root, outside] = [await temporaryFolder(), await temporaryFolder()];
  await writeFile(join(outside, 'f'), 'mine');
  await symlink(join(outside, 'f'), join(root, 'file'));
  await mkdir(join(root, 'd'));
  await writeFile(join(root, 'd', 'new'), 'theirs');
  const folder = await LocalFolder.open(root);
  folder.rename('d/new', 'file');
  await folder.settle();
  expect([await readFile(join(outside, 'f'), 'utf8'), await readFile(join(root, 'file'), 'utf8')]).toEqual(['mine', 'theirs']);
});
