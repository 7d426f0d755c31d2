import { symlinkSync } from 'node:fs';
import { mkdir, readdir, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FakeServer, refusedError } from '../fake-server.ts';
import { makeRig, modifiedAt, read, T0, temporaryFolder, write } from '../rig.ts';

const down = { direction: 'download' };

test('a tree is fetched, times kept; a second run fetches nothing; delete removes the rest', async () => {
  const server = new FakeServer()
    .put('/www/a', 'aa', T0)
    .put('/www/d/e/b', 'bbbbbbbbb')
    .put('/www/empty', '')
    .mkdirs('/www/hollow');
  const rig = await makeRig(server);
  await write(rig.site, { old: 'o', 'gone/x': 'x' });
  expect(await rig.run({ ...down, delete: true, chmod: { files: '600' } })).toEqual({
    uploaded: 0,
    downloaded: 3,
    deleted: 2,
    unchanged: 0,
    failed: 0,
    renamed: 0,
    bytes: 11,
  });
  expect(await read(rig.site)).toEqual(server.content('/www'));
  expect(await readdir(rig.site)).toEqual(['a', 'd', 'empty', 'hollow']);
  expect(await modifiedAt(join(rig.site, 'a'))).toBe(T0);
  expect((await stat(join(rig.site, 'a'))).mode & 0o777).toBe(0o600);
  expect(await rig.run(down)).toMatchObject({ downloaded: 0, unchanged: 3 });
  server.put('/www/a', 'AA', T0 + 60_000);
  expect(await rig.run(down)).toMatchObject({ downloaded: 1, unchanged: 2 });
});

test('coarse listings, preserve-times: false, a missing local folder', async () => {
  const server = new FakeServer({ precisionMs: 60_000 }).put('/www/a', 'aa', T0 + 13_000);
  const rig = await makeRig(server);
  const config = { ...down, local: 'new/deep' };
  await rig.run(config);
  expect(await modifiedAt(join(rig.folder, 'new/deep/a'))).toBe(T0 + 13_000);
  expect(await rig.run(config)).toMatchObject({ downloaded: 0, unchanged: 1 });
  server.put('/www/a', 'bb', T0 + 23_000);
  expect(await rig.run(config)).toMatchObject({ downloaded: 1 });
  server.options = {};
  const fresh = { ...down, 'preserve-times': false };
  await rig.run(fresh);
  expect(await rig.run(fresh)).toMatchObject({ downloaded: 0, unchanged: 1 });
});

test.each([
  ['of a server nearby one by one, with exact times', { listsExactly: true }, {}, 0],
  ['of any other all at once', {}, {}, 2],
  ['all at once where no time is wanted', { listsExactly: true }, { direction: 'upload', compare: 'size' }, 2],
])('folders are listed: %s', async (_, options, config, together) => {
  const server = new FakeServer(options).put('/www/a/b', 'b', T0).mkdirs('/www/a/c');
  const rig = await makeRig(server);
  await rig.run({ ...down, ...config });
  expect(server.askedTogether).toBe(together);
});

test('hostile names stay out of the disk and are counted; the rest comes', async () => {
  const server = new FakeServer().put('/www/ok', 'fine');
  server.extra.set(
    '/www',
    ['../evil', '..', '.', '/abs', 'a\\b', 'n\0l', 'C:x', ''].map(name => ({ name, type: 'file', size: 1 })),
  );
  const rig = await makeRig(server);
  await expect(rig.run(down)).rejects.toMatchObject({ code: 'mirror-incomplete', message: expect.stringContaining('8 failed') });
  expect(await read(rig.folder)).toEqual({ 'site/ok': 'fine' });
  expect(rig.notes.filter(note => note.startsWith('warning'))).toHaveLength(8);
});

test('a local link is never followed out of the folder', async () => {
  const outside = await temporaryFolder();
  await write(outside, { f: 'mine' });
  const server = new FakeServer().put('/www/link/f', 'theirs').put('/www/file', 'theirs').put('/www/ok', '1');
  const rig = await makeRig(server);
  await symlink(outside, join(rig.site, 'link'));
  await symlink(join(outside, 'f'), join(rig.site, 'file'));
  await expect(rig.run({ ...down, delete: true })).rejects.toMatchObject({ code: 'mirror-incomplete' });
  expect(await read(outside)).toEqual({ f: 'mine' });
  expect(await readlink(join(rig.site, 'link'))).toBe(outside);
  expect(await read(rig.site)).toEqual({ ok: '1' });
});

test('a folder that becomes a link between survey and transfer is noticed', async () => {
  const outside = await temporaryFolder();
  const server = new FakeServer().put('/www/d/f', 'theirs');
  const rig = await makeRig(server);
  server.before = what => {
    if (what.startsWith('LIST /www/d')) symlinkSync(outside, join(rig.site, 'd'));
  };
  await expect(rig.run(down)).rejects.toMatchObject({ code: 'mirror-incomplete' });
  expect(await readdir(outside)).toEqual([]);
});

test.each([{}, { restarts: false }])('an interrupted download is continued: %j', async options => {
  const server = new FakeServer(options).put('/www/big', '0123456789abcdef');
  const rig = await makeRig(server);
  let chunks = 0;
  server.before = what => {
    if (what.startsWith('data') && ++chunks === 3) server.dead = true;
  };
  await expect(rig.run(down)).rejects.toMatchObject({ retry: 'reconnect' });
  expect(await read(rig.site)).toEqual({});
  expect(await readdir(rig.site)).toHaveLength(1);
  server.dead = false;
  const { bytes } = await rig.run(down);
  expect(bytes).toBe(options.restarts === false ? 16 : 8);
  expect(await readdir(rig.site)).toEqual(['big']);
  expect(await read(rig.site)).toEqual({ big: '0123456789abcdef' });
});

test('a file that arrives short or long is not published', async () => {
  const server = new FakeServer().put('/www/a', 'whole').put('/www/b', 'fine');
  const rig = await makeRig(server);
  server.before = what => {
    if (what.startsWith('RETR /www/a')) server.files.get('/www/a')!.data = Buffer.from('who');
  };
  await expect(rig.run(down)).rejects.toMatchObject({ code: 'mirror-incomplete', retry: 'later' });
  expect(await read(rig.site)).toEqual({ b: 'fine' });
  expect(await readdir(rig.site)).toEqual(['b']);
});

test('a missing or empty remote folder never empties the local one', async () => {
  const server = new FakeServer();
  const rig = await makeRig(server);
  await write(rig.site, { a: '1' });
  await expect(rig.run({ ...down, delete: true })).rejects.toMatchObject({ code: 'path-missing' });
  server.mkdirs('/www');
  await expect(rig.run({ ...down, delete: true })).rejects.toMatchObject({ code: 'source-empty' });
  expect(await read(rig.site)).toEqual({ a: '1' });
  expect(await rig.run({ ...down, delete: true, 'allow-empty': true })).toMatchObject({ deleted: 1 });
});

test('remote links: skipped, followed with loops cut, or an error', async () => {
  const server = new FakeServer().put('/www/real/f', '1').put('/www/to-folder/f', '1').put('/www/to-file', '2');
  server.folders.delete('/www/to-folder');
  const links: Record<string, string> = { '/www/loop': '..', '/www/real/self': '/www/real' };
  for (const [path, target] of Object.entries(links)) server.others.set(path, { name: '', type: 'link', target });
  const rig = await makeRig(server);
  server.folders.add('/www/to-folder');
  await rig.run(down);
  expect(rig.notes.join()).toContain('2 symbolic links');
  await rig.run({ ...down, symlinks: 'follow' });
  expect(rig.notes.filter(note => note.includes('points back'))).toHaveLength(2);
  await expect(rig.run({ ...down, symlinks: 'error' })).rejects.toMatchObject({ code: 'symlink-found' });
});

test('wrong password: one login, its own error', async () => {
  const server = new FakeServer();
  const rig = await makeRig(server);
  server.refuse = what => (what === 'connect' ? refusedError('sign-in-refused', '530') : undefined);
  await expect(rig.run(down)).rejects.toMatchObject({ code: 'sign-in-refused' });
  expect(server.log).toEqual(['connect']);
});

test('swaps, and a local file where a folder must be', async () => {
  const server = new FakeServer().put('/www/x/in', '1').put('/www/y', '2');
  const rig = await makeRig(server);
  await writeFile(join(rig.site, 'x'), 'file');
  await mkdir(join(rig.site, 'y', 'z'), { recursive: true });
  await rig.run({ ...down, delete: true });
  expect(await read(rig.site)).toEqual(server.content('/www'));
});
