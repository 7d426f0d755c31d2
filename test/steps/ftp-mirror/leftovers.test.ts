// What a killed run left in folders without names, met by a run with other settings, another source, or a hostile hand.
import { mkdirSync, symlinkSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type FakeOptions, FakeServer } from './fake-server.ts';
import { makeRig, type Rig, read, T0, write } from './rig.ts';

const up = { direction: 'upload', parallel: 2 };
const down = { direction: 'download', parallel: 2 };

/** A run that dies before any folder of it has its name. */
async function killed(server: FakeServer, rig: Rig, config: Record<string, unknown>): Promise<void> {
  server.before = what => {
    if (what.startsWith('RNTO')) server.dead = true;
  };
  await expect(rig.run(config)).rejects.toMatchObject({ retry: 'reconnect' });
  server.dead = false;
  server.before = () => undefined;
}

async function begun(files: Record<string, string>, options: FakeOptions = {}, config: Record<string, unknown> = up) {
  const server = new FakeServer(options).mkdirs('/www');
  const rig = await makeRig(server);
  await write(rig.site, files);
  await killed(server, rig, config);
  return { server, rig };
}

function visible(server: FakeServer): Set<string> {
  const seen = new Set<string>();
  server.changed = () => Object.keys(server.content('/www')).forEach(path => void seen.add(path));
  return seen;
}

describe('upload', () => {
  test.each(['each', 'end'])('what is excluded by now, or gone, is never visible; commit: %s', async commit => {
    const { server, rig } = await begun({ 'd/1': 'one', 'd/gone': 'gone', 'd/secret': 'secret', 'd/old/2': 'two' });
    await rm(join(rig.site, 'd/gone'));
    await rm(join(rig.site, 'd/old'), { recursive: true });
    const seen = visible(server);
    await rig.run({ ...up, commit, exclude: ['secret'] });
    expect([server.content('/www'), server.temps()]).toEqual([{ 'd/1': 'one' }, []]);
    expect([...seen]).toEqual(['d/1']);
    expect([...server.folders]).not.toContain('/www/d/old');
  });

  test('nothing is deleted that has no name: the brakes do not count it', async () => {
    const { server, rig } = await begun({ 'd/1': 'one', 'd/gone': 'gone' });
    await rm(join(rig.site, 'd/gone'));
    expect(await rig.run({ ...up, delete: true, 'max-delete': 0 })).toMatchObject({ deleted: 0, unchanged: 1 });
    expect([server.content('/www'), server.temps()]).toEqual([{ 'd/1': 'one' }, []]);
  });

  test('with verify: hash no file counts as whole that nobody has checked', async () => {
    const { server, rig } = await begun({ 'd/1': 'one', 'd/2': 'two' }, { hashes: 'sha256' });
    const file = server.files.get('/www/.postrider-new.d/1');
    if (file !== undefined) file.data = Buffer.from('xxx');
    await rig.run({ ...up, verify: 'hash' });
    expect([server.content('/www'), server.temps()]).toEqual([{ 'd/1': 'one', 'd/2': 'two' }, []]);
  });

  test('a file of `last` stays behind all others', async () => {
    const { server, rig } = await begun({ 'd/1': 'one', 'd/index': 'index' });
    await write(rig.site, { 'e/1': 'x', 'd/3': 'y' });
    server.log.length = 0;
    await rig.run({ ...up, last: ['index'] });
    const order = server.log.filter(what => what.startsWith('RNTO'));
    expect(order.at(-1)).toBe('RNTO /www/d/index');
    expect([server.content('/www'), server.temps()]).toEqual([{ 'd/1': 'one', 'd/index': 'index', 'd/3': 'y', 'e/1': 'x' }, []]);
  });

  test('files and folders that changed places', async () => {
    const { server, rig } = await begun({ 'd/a': 'file', 'd/b/c': 'in folder', 'd/e': 'e' });
    await rm(join(rig.site, 'd'), { recursive: true });
    await write(rig.site, { 'd/a/x': 'in folder', 'd/b': 'file', 'd/e': 'e' });
    expect(await rig.run(up)).toMatchObject({ uploaded: 2, unchanged: 1, failed: 0 });
    expect([server.content('/www'), server.temps()]).toEqual([{ 'd/a/x': 'in folder', 'd/b': 'file', 'd/e': 'e' }, []]);
  });

  test('nothing visible is moved into a folder that is not', async () => {
    const { server, rig } = await begun({ 'd/1': 'one' });
    server.put('/www/old/pic', 'picture', T0);
    await write(rig.site, { 'd/pic': 'picture', 'd/2': 'two' });
    server.changed = () => {
      const content = server.content('/www');
      expect(content['old/pic'] ?? content['d/pic']).toBe('picture');
    };
    await rig.run({ ...up, delete: true });
    expect([server.content('/www'), server.temps()]).toEqual([{ 'd/1': 'one', 'd/2': 'two', 'd/pic': 'picture' }, []]);
  });

  test('a file of such a name is nobody’s folder', async () => {
    const server = new FakeServer().mkdirs('/www').put('/www/.postrider-new.d', 'file');
    const rig = await makeRig(server);
    await write(rig.site, { 'd/1': 'one' });
    expect(await rig.run(up)).toMatchObject({ uploaded: 1, failed: 0 });
    expect(server.content('/www')).toEqual({ 'd/1': 'one' });
    expect(await rig.run({ ...up, delete: true })).toMatchObject({ unchanged: 1, failed: 0 });
    expect(server.temps()).toEqual(['/www/.postrider-new.d']);
  });

  test.each([{}, { delete: true }])('a name too long to be ours: what it would be called is not touched %j', async more => {
    const long = 'n'.repeat(201);
    const server = new FakeServer().mkdirs('/www').put(`/www/${long}/kept`, 'kept', T0);
    server.put(`/www/.postrider-new.${long}/kept`, 'x', T0);
    const rig = await makeRig(server);
    await write(rig.site, { [`${long}/kept`]: 'kept', [`${long}/2`]: 'two' });
    server.refuse = what => {
      expect(what).not.toBe(`DELE /www/${long}/kept`);
      return undefined;
    };
    await rig.run({ ...up, ...more });
    expect(server.files.get(`/www/${long}/kept`)?.data.toString()).toBe('kept');
    const other = new FakeServer().mkdirs('/www').put(`/www/.postrider-new.${long}/kept`, 'kept', T0);
    const second = await makeRig(other);
    await write(second.site, { [`${long}/kept`]: 'kept' });
    expect(await second.run(up)).toMatchObject({ uploaded: 1 });
    expect(other.files.get(`/www/${long}/kept`)?.data.toString()).toBe('kept');
  });

  test('odd names are removed, however they are nested', async () => {
    const server = new FakeServer().mkdirs('/www/a');
    for (const name of [
      '.postrider-new...',
      '.postrider-new..',
      '.postrider-new. ',
      '.postrider-new.a/.postrider-new.b',
      '.postrider-new.\x1b[31m',
    ])
      server.put(`/www/${name}/x`, 'x').put(`/www/a/${name}/y`, 'y');
    server.put('/www/.postrider-new.a/.in.x.', 'half').put('/www/.postrider-new.a/keep.bak', 'x');
    const rig = await makeRig(server);
    await write(rig.site, { 'a/1': 'one' });
    expect(await rig.run({ ...up, exclude: ['*.bak'], include: ['*'] })).toMatchObject({ uploaded: 1, failed: 0 });
    expect([server.content('/www'), server.temps()]).toEqual([{ 'a/1': 'one' }, []]);
  });

  test('a server that hides names with a dot: a folder that somebody else made is not taken for ours', async () => {
    const server = new FakeServer({ hidesDots: true }).mkdirs('/www');
    const rig = await makeRig(server);
    await write(rig.site, { 'd/1': 'one', 'd/2': 'two' });
    server.before = what => void (what === 'RNTO /www/d' && server.put('/www/d/theirs', 'theirs'));
    expect(await rig.run(up)).toMatchObject({ uploaded: 2 });
    expect(server.content('/www')).toEqual({ 'd/1': 'one', 'd/2': 'two', 'd/theirs': 'theirs' });
  });

  test('a server that takes two names of the source for one', async () => {
    const server = new FakeServer({ foldsCase: true }).mkdirs('/www');
    const rig = await makeRig(server);
    await write(rig.site, { 'css/1': 'one', 'CSS/2': 'two' });
    await rig.run(up).catch(() => undefined);
    await rig.run(up).catch(() => undefined);
    const names = Object.entries(server.content('/www')).map(([path, data]) => [path.toLowerCase(), data]);
    expect([Object.fromEntries(names), server.temps()]).toEqual([{ 'css/1': 'one', 'css/2': 'two' }, []]);
  });

  test('a folder within that cannot be made keeps nothing else back, where folders cannot be renamed either', async () => {
    const server = new FakeServer({ renamesFolders: false }).mkdirs('/www');
    const rig = await makeRig(server);
    await write(rig.site, { 'd/1': 'one', 'd/bad/2': 'two', 'd/good/3': 'three' });
    const { refusedError } = await import('./fake-server.ts');
    server.refuse = what => (what.startsWith('MKD') && what.endsWith('/bad') ? refusedError('path-refused', '553') : undefined);
    await expect(rig.run(up)).rejects.toMatchObject({ code: 'mirror-incomplete' });
    expect([server.content('/www'), server.temps()]).toEqual([{ 'd/1': 'one', 'd/good/3': 'three' }, []]);
  });

  test('a mode is set before the time that counts as proof', async () => {
    const server = new FakeServer().mkdirs('/www');
    const rig = await makeRig(server);
    await write(rig.site, { 'd/1': 'one' });
    await rig.run({ ...up, chmod: { files: '640' } });
    const order = server.log.filter(what => /^(MFMT|CHMOD)/.test(what)).map(what => what.split(' ')[0]);
    expect(order).toEqual(['CHMOD', 'MFMT']);
  });
});

describe('download', () => {
  test('a link or a file of such a name is nobody’s folder', async () => {
    const server = new FakeServer().put('/www/d/1', 'one', T0).put('/www/e/2', 'two', T0);
    const rig = await makeRig(server);
    mkdirSync(join(rig.folder, 'elsewhere'));
    symlinkSync(join(rig.folder, 'elsewhere'), join(rig.site, '.postrider-new.d'));
    await write(rig.site, { '.postrider-new.e': 'file' });
    expect(await rig.run(down)).toMatchObject({ downloaded: 2, failed: 0 });
    expect(await read(rig.site)).toEqual({ 'd/1': 'one', 'e/2': 'two' });
    expect(await readdir(join(rig.folder, 'elsewhere'))).toEqual([]);
    expect(await rig.run({ ...down, delete: true })).toMatchObject({ unchanged: 2, failed: 0 });
  });

  test('what is excluded by now is removed from what an earlier run left', async () => {
    const server = new FakeServer().put('/www/d/1', 'one', T0).put('/www/d/2', 'two', T0);
    const rig = await makeRig(server);
    await write(rig.site, { '.postrider-new.d/1': 'one', '.postrider-new.d/2': 'two', '.postrider-new.d/x/3': 'x' });
    expect(await rig.run({ ...down, exclude: ['2'] })).toMatchObject({ downloaded: 0, unchanged: 1 });
    expect((await readdir(rig.site, { recursive: true })).sort()).toEqual(['d', 'd/1']);
  });

  test('two at the same time: neither leaves half a file under its name', async () => {
    const server = new FakeServer({ chunkBytes: 1 });
    for (let n = 0; n < 6; n++) server.put(`/www/d/${n}`, `content ${n}`, T0);
    const rig = await makeRig(server);
    let other: Promise<unknown> | undefined;
    server.before = what => {
      if (!what.startsWith('226') || other !== undefined) return;
      other = rig.run(down).catch(error => error);
    };
    await rig.run(down).catch(error => error);
    await other;
    const files = await read(rig.site);
    for (const [path, data] of Object.entries(files)) expect(data).toBe(`content ${path.slice(-1)}`);
    expect(Object.keys(files)).toHaveLength(6);
  });
});
