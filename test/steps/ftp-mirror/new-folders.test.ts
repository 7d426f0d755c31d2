// New folders appear whole: they are filled under a temporary name. Whatever goes wrong, the next run goes on where this one stopped.
import { mkdirSync, writeFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { foldersToFill, NewFolders, takenOver } from '../../../src/steps/ftp-mirror/new-folders.ts';
import { makeFilter } from '../../../src/steps/ftp-mirror/trees/filter.ts';
import { namedPath, unnamedName } from '../../../src/steps/ftp-mirror/trees/temp-name.ts';
import { type FileFacts, TreeBuilder } from '../../../src/steps/ftp-mirror/trees/tree.ts';
import { type FakeOptions, FakeServer, refusedError } from './fake-server.ts';
import { makeRig, read, T0, write } from './rig.ts';

const up = { direction: 'upload', parallel: 2 };
const down = { direction: 'download', parallel: 2 };
const SITE = { 'index.html': 'home', 'css/a.css': 'a a', 'css/b.css': 'b', 'css/deep/c.css': 'c c c', 'img/x': 'x' };

function plan(files: Record<string, number | undefined>, more: { folders?: string[]; moves?: string[]; clears?: string[] } = {}) {
  const paths = Object.keys(files);
  const above = paths.flatMap(path =>
    path
      .split('/')
      .slice(0, -1)
      .map((_, at, names) => names.slice(0, at + 1).join('/')),
  );
  const transfer = (path: string, size?: number) => {
    const facts: FileFacts = size === undefined ? { precisionMs: 0 } : { size, precisionMs: 0 };
    return { path, reason: 'new' as const, facts, replaces: false };
  };
  return {
    folders: more.folders ?? [...new Set(above)].sort(),
    transfers: paths.map(path => transfer(path, files[path])),
    moves: (more.moves ?? []).map(path => ({ from: 'old', transfer: transfer(path, 1) })),
    clears: (more.clears ?? []).map(path => ({ path, kind: 'file' as const })),
    deletes: [],
    unchanged: [],
    conflicts: [],
  };
}

function chosen(
  files: Record<string, number | undefined>,
  more: Parameters<typeof plan>[1] & { begun?: string[]; waits?: string } = {},
) {
  const { begun = [], waits } = more;
  return foldersToFill({ plan: plan(files, more), begun: new Set(begun), waits: path => path === waits });
}

const numbered = (folder: string, count: number, size: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`${folder}/${n}`, size]));

describe('which folders', () => {
  test('the outermost new ones', () => {
    expect(chosen({ 'a/1': 1, 'a/b/2': 1, 'c/d/3': 1, top: 1 })).toEqual(['a', 'c']);
    expect(chosen({ 'old/new/1': 1, 'old/2': 1 }, { folders: ['old/new'] })).toEqual(['old/new']);
    expect(chosen({}, { folders: ['empty'] })).toEqual([]);
  });

  test('with at most 1,000 files and 16 MiB, each under 64 KiB and of known size; else those in them', () => {
    expect(chosen(numbered('a', 1_000, 1))).toEqual(['a']);
    expect(chosen({ ...numbered('a', 1_000, 1), 'a/b/1': 1 })).toEqual(['a/b']);
    expect(chosen({ 'a/1': 65_535 })).toEqual(['a']);
    expect(chosen({ 'a/1': 65_536, 'a/b/2': 1 })).toEqual(['a/b']);
    expect(chosen({ 'a/1': undefined })).toEqual([]);
    const [full, rest] = [numbered('a', 256, 65_535), 16 * 1024 * 1024 - 256 * 65_535];
    expect(chosen({ ...full, 'a/x': rest })).toEqual(['a']);
    expect(chosen({ ...full, 'a/x': rest + 1 })).toEqual([]);
  });

  test('none where a file waits for others, is moved to, or a file of that name goes first; those begun in any case', () => {
    expect(chosen({ 'a/1': 1, 'b/2': 1 }, { waits: 'a/1' })).toEqual(['b']);
    expect(chosen({ 'a/1': 1, 'b/2': 1 }, { moves: ['a/x'] })).toEqual(['b']);
    expect(chosen({ 'a/1': 1, 'b/2': 1 }, { clears: ['a'] })).toEqual(['b']);
    expect(chosen({ 'a/1': 99_999, 'a/b/2': 1 }, { begun: ['a'] })).toEqual(['a']);
  });
});

test('where they lie, and what they are to be called', () => {
  const folders = new NewFolders();
  expect(folders.at('a/b/c')).toBe('a/b/c');
  folders.open('a/b');
  expect(['a/b', 'a/b/c/d', 'a/bc', 'a'].map(path => folders.at(path))).toEqual([
    'a/.postrider-new.b',
    'a/.postrider-new.b/c/d',
    'a/bc',
    'a',
  ]);
  folders.close('a/b');
  expect(folders.at('a/b/c')).toBe('a/b/c');
  expect(namedPath('a/.postrider-new.b/c')).toEqual({ folder: 'a/b', path: 'a/b/c' });
  expect(namedPath('a/.postrider-new./c')).toBeUndefined();
  expect(namedPath('a/x.postrider-new.b')).toBeUndefined();
  expect([unnamedName('n'.repeat(200)), unnamedName('n'.repeat(201)), unnamedName('é'.repeat(101))]).toEqual([
    `.postrider-new.${'n'.repeat(200)}`,
    undefined,
    undefined,
  ]);
  folders.open(`a/${'n'.repeat(201)}`);
  expect(folders.around(`a/${'n'.repeat(201)}/f`)).toBeUndefined();
});

test('what an interrupted run left is content where it is wanted, else rubbish, under its true path', () => {
  const tree = new TreeBuilder(makeFilter([], ['*.bak']), 'here');
  for (const folder of ['a', 'a/.postrider-new.b', 'a/.postrider-new.b/d', '.postrider-new.x', 'y', '.postrider-new.y']) {
    expect(tree.addFolder(folder)).toBe(true);
  }
  const facts = { size: 1, precisionMs: 0 };
  for (const file of [
    'a/1',
    'a/.postrider-new.b/2',
    'a/.postrider-new.b/d/3',
    'a/.postrider-new.b/4.bak',
    '.postrider-new.x/5',
    '.postrider-new.y/6',
  ])
    tree.addFile(file, facts);
  expect([...tree.files.keys(), ...tree.folders, ...tree.barred.keys()]).toEqual(['a/1', 'a', 'y']);
  const source = new TreeBuilder(makeFilter([], ['*.bak']), 'there');
  for (const folder of ['a', 'a/b', 'a/b/d', 'y']) source.addFolder(folder);
  for (const file of ['a/b/2', 'a/b/d/3', 'a/b/4.bak', 'y/6']) source.addFile(file, facts);
  const { tree: taken, begun, files, stale } = takenOver(tree, source, () => false);
  expect([[...begun], [...files.keys()], [...stale]]).toEqual([
    ['a/b'],
    ['a/b/2', 'a/b/d/3'],
    ['.postrider-new.x', '.postrider-new.y'],
  ]);
  expect([...taken.files.keys()]).toEqual(['a/1', 'a/b/2', 'a/b/d/3']);
  expect([...taken.temps.keys()]).toEqual(['a/.postrider-new.b/4.bak', '.postrider-new.x/5', '.postrider-new.y/6']);
  for (const waits of [undefined, (path: string) => path === 'a/b/2']) expect(takenOver(tree, source, waits).begun.size).toBe(0);
  source.addFile('a/b/large', { size: 65_536, precisionMs: 0 });
  expect(takenOver(tree, source, () => false).begun.size).toBe(0);
});

describe('upload', () => {
  test('a new folder is visible with all that is in it, or not at all; its files are not renamed', async () => {
    const server = new FakeServer().mkdirs('/www');
    const rig = await makeRig(server);
    await write(rig.site, SITE);
    const seen = new Set<string>();
    server.changed = () =>
      void seen.add(
        Object.keys(server.content('/www'))
          .filter(path => path.startsWith('css'))
          .join(),
      );
    expect(await rig.run(up)).toMatchObject({ uploaded: 5, failed: 0 });
    expect(server.content('/www')).toEqual(SITE);
    expect([...seen]).toEqual(['', 'css/a.css,css/b.css,css/deep/c.css']);
    expect(server.log.filter(what => what.startsWith('RNTO')).sort()).toEqual([
      'RNTO /www/css',
      'RNTO /www/img',
      'RNTO /www/index.html',
    ]);
    expect(server.temps()).toEqual([]);
    expect(await rig.run(up)).toMatchObject({ uploaded: 0, unchanged: 5 });
  });

  test('a run that ends in the middle is gone on with: nothing that arrived is sent again', async () => {
    const files = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`d/${n}`, 'x'.repeat(n + 1)]));
    const server = new FakeServer().mkdirs('/www');
    const rig = await makeRig(server);
    await write(rig.site, files);
    let stored = 0;
    server.before = what => {
      if (what.startsWith('226') && ++stored === 10) server.dead = true;
    };
    await expect(rig.run(up)).rejects.toMatchObject({ retry: 'reconnect' });
    expect(server.content('/www')).toEqual({});
    const arrived = server.temps().length - 1;
    expect(arrived).toBeGreaterThan(5);
    server.dead = false;
    server.before = () => undefined;
    const preview = await rig.preview(up);
    expect(preview.actions[0]).toEqual({ action: 'mkdir', target: 'd/' });
    const { uploaded, unchanged } = await rig.run(up);
    expect(Number(uploaded) + Number(unchanged)).toBe(20);
    expect(unchanged).toBeGreaterThanOrEqual(arrived - 4);
    expect(server.content('/www')).toEqual(files);
    expect(server.temps()).toEqual([]);
  });

  test.each<FakeOptions>([
    {},
    { setsTimes: false },
    { precisionMs: 60_000 },
  ])('begun and then changed here: %j', async options => {
    const server = new FakeServer(options).mkdirs('/www');
    const rig = await makeRig(server);
    await write(rig.site, { 'd/1': 'one', 'd/2': 'two', 'd/gone': 'gone' });
    server.before = what => {
      if (what.startsWith('RNTO')) server.dead = true;
    };
    await expect(rig.run(up)).rejects.toMatchObject({ retry: 'reconnect' });
    server.dead = false;
    server.before = () => undefined;
    await write(rig.site, { 'd/2': 'TWO', 'e/3': 'three' }, T0 + 120_000);
    await rm(join(rig.site, 'd/gone'));
    expect(await rig.run({ ...up, delete: true })).toMatchObject({ uploaded: 2, unchanged: 1, deleted: 0 });
    expect(server.content('/www')).toEqual({ 'd/1': 'one', 'd/2': 'TWO', 'e/3': 'three' });
    expect(server.temps()).toEqual([]);
  });

  test.each(['each', 'end'])('a server that renames no folders, commit: %s', async commit => {
    const server = new FakeServer({ renamesFolders: false }).mkdirs('/www');
    const rig = await makeRig(server);
    await write(rig.site, SITE);
    expect(await rig.run({ ...up, commit, chmod: { dirs: '750' } })).toMatchObject({ uploaded: 5, failed: 0 });
    expect([server.content('/www'), server.temps()]).toEqual([SITE, []]);
  });

  test('somebody else makes a folder of that name meanwhile: the files go into it', async () => {
    const server = new FakeServer().mkdirs('/www');
    const rig = await makeRig(server);
    await write(rig.site, SITE);
    server.before = what => void (what.startsWith('RNTO /www/css') && server.put('/www/css/theirs', 'theirs'));
    expect(await rig.run(up)).toMatchObject({ uploaded: 5 });
    expect([server.content('/www'), server.temps()]).toEqual([{ ...SITE, 'css/theirs': 'theirs' }, []]);
  });

  test('a refused file does not keep the others from their place, and leaves nothing', async () => {
    const server = new FakeServer().mkdirs('/www');
    const rig = await makeRig(server);
    await write(rig.site, SITE);
    server.refuse = what => (what.startsWith('STOR') && what.includes('b.css') ? refusedError('path-refused', '553') : undefined);
    await expect(rig.run(up)).rejects.toMatchObject({ code: 'mirror-incomplete', message: expect.stringContaining('css/b.css') });
    const { 'css/b.css': refused, ...rest } = SITE;
    expect([refused, server.content('/www'), server.temps()]).toEqual(['b', rest, []]);
  });

  test('what cannot be removed is not named with the others', async () => {
    const server = new FakeServer().mkdirs('/www');
    const rig = await makeRig(server);
    await write(rig.site, SITE);
    server.refuse = what => (/^(226|DELE) .*b\.css/.test(what) ? refusedError('path-refused', '550') : undefined);
    await expect(rig.run(up)).rejects.toMatchObject({ code: 'mirror-incomplete', message: expect.stringContaining('css/b.css') });
    const { 'css/b.css': refused, ...rest } = SITE;
    expect([refused, server.content('/www')]).toEqual(['b', rest]);
    expect(server.temps().sort()).toEqual(['/www/.postrider-new.css', '/www/.postrider-new.css/b.css']);
    server.refuse = () => undefined;
    expect(await rig.run(up)).toMatchObject({ uploaded: 1, unchanged: 4 });
    expect([server.content('/www'), server.temps()]).toEqual([SITE, []]);
  });

  test('what was never sent is not removed: on a server that changes names it might be another file', async () => {
    const server = new FakeServer().mkdirs('/www');
    const rig = await makeRig(server);
    await write(rig.site, SITE);
    server.refuse = what => (/^MKD .*deep/.test(what) ? refusedError('path-refused', '550') : undefined);
    await expect(rig.run(up)).rejects.toMatchObject({ code: 'mirror-incomplete', message: expect.stringContaining('css/deep') });
    const { 'css/deep/c.css': lost, ...rest } = SITE;
    expect([lost, server.content('/www'), server.temps()]).toEqual(['c c c', rest, []]);
    expect(server.log.filter(what => what.startsWith('DELE'))).toEqual([]);
  });

  test('with commit: end and a file that fails, no folder is visible; the next run sends that one', async () => {
    const server = new FakeServer().mkdirs('/www');
    const rig = await makeRig(server);
    await write(rig.site, SITE);
    server.refuse = what => (what.startsWith('STOR') && what.includes('b.css') ? refusedError('path-refused', '553') : undefined);
    await expect(rig.run({ ...up, commit: 'end' })).rejects.toMatchObject({ code: 'mirror-incomplete' });
    expect(server.content('/www')).toEqual({});
    server.refuse = () => undefined;
    expect(await rig.run({ ...up, commit: 'end' })).toMatchObject({ uploaded: 2, unchanged: 3 });
    expect([server.content('/www'), server.temps()]).toEqual([SITE, []]);
  });

  test('one that is there and was not listed may hold anything: it is not used', async () => {
    const server = new FakeServer().mkdirs('/www');
    const rig = await makeRig(server);
    await write(rig.site, SITE);
    server.before = what =>
      void (what.startsWith('MKD /www/.postrider-new') && server.put('/www/.postrider-new.css/old.css', 'old'));
    expect(await rig.run(up)).toMatchObject({ uploaded: 5 });
    expect(server.content('/www')).toEqual(SITE);
  });

  test.each([
    {},
    { atomic: false },
    { compare: 'manifest' },
    { resume: false },
  ])('leftovers of no use are removed: %j', async more => {
    const server = new FakeServer()
      .mkdirs('/www/css')
      .put('/www/.postrider-new.css/deep/a', '1')
      .put('/www/.postrider-new.img/x', '22');
    server.put('/www/.postrider-new.other/y', '3');
    const rig = await makeRig(server);
    await write(rig.site, SITE);
    await rig.run({ ...up, ...more });
    const { '.postrider-manifest.json': manifest, ...rest } = server.content('/www');
    expect([manifest, rest]).toEqual([undefined, SITE]);
    if (!('compare' in more)) expect(server.temps()).toEqual([]);
  });
});

describe('download', () => {
  const serving = () =>
    Object.entries(SITE).reduce((server, [path, data]) => server.put(`/www/${path}`, data, T0), new FakeServer());

  test('new folders are whole or not there; leftovers on the server stay there', async () => {
    const server = serving().put('/www/.postrider-new.half/x', 'half');
    const rig = await makeRig(server);
    expect(await rig.run(down)).toMatchObject({ downloaded: 5, failed: 0 });
    expect([await read(rig.site), (await readdir(rig.site)).sort()]).toEqual([SITE, ['css', 'img', 'index.html']]);
    expect(await rig.run(down)).toMatchObject({ downloaded: 0, unchanged: 5 });
  });

  test('interrupted in the middle, gone on with', async () => {
    const server = serving();
    const rig = await makeRig(server);
    server.before = what => {
      if (what.startsWith('RETR') && what.includes('b.css')) server.dead = true;
    };
    await expect(rig.run(down)).rejects.toMatchObject({ retry: 'reconnect' });
    expect(Object.keys(await read(rig.site)).filter(path => path.startsWith('css'))).toEqual([]);
    server.dead = false;
    server.before = () => undefined;
    const { downloaded, unchanged } = await rig.run(down);
    expect(Number(downloaded) + Number(unchanged)).toBe(5);
    expect(unchanged).toBeGreaterThan(0);
    expect([await read(rig.site), (await readdir(rig.site)).sort()]).toEqual([SITE, ['css', 'img', 'index.html']]);
  });

  test('a folder of that name that appears meanwhile is filled; a temporary one that was not seen is not used', async () => {
    const server = serving();
    const rig = await makeRig(server);
    let first = true;
    server.before = what => {
      if (!what.startsWith('RETR') || !first) return;
      first = false;
      mkdirSync(join(rig.site, 'css'));
      writeFileSync(join(rig.site, 'css', 'mine'), 'mine');
    };
    expect(await rig.run(down)).toMatchObject({ downloaded: 5 });
    expect(await read(rig.site)).toEqual({ ...SITE, 'css/mine': 'mine' });
    expect((await readdir(rig.site)).sort()).toEqual(['css', 'img', 'index.html']);
  });
});
