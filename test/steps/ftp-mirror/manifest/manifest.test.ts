// compare: manifest. What was deployed decides: no listing, no hashing of what did not change, and nothing of others is touched.
import { rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BrokenSessionError } from '../../../../src/core/errors.ts';
import { stampName } from '../../../../src/steps/ftp-mirror/lock/owner.ts';
import { type FakeOptions, FakeServer, refusedError } from '../fake-server.ts';
import { makeRig, type Rig, read, T0, write } from '../rig.ts';

const MANIFEST = '/www/.postrider-manifest.json';
const CONFIG = { direction: 'upload', compare: 'manifest', delete: true };
const MUTATING = /^(STOR|APPE|DELE|RMD|MKD|RNTO|MFMT|CHMOD)/;
const SITE = { 'index.html': 'hello', 'css/a b.css': 'body {}', 'deep/er/ü.txt': 'text', empty: '' };

async function world(options: FakeOptions = {}): Promise<{ server: FakeServer; rig: Rig }> {
  const server = new FakeServer(options);
  return { server, rig: await makeRig(server) };
}

/** Another machine: the same folder and server, nothing remembered. */
async function elsewhere(server: FakeServer, site: Record<string, string>): Promise<Rig> {
  const rig = await makeRig(server);
  await write(rig.site, site);
  return rig;
}

function deployed(server: FakeServer): Record<string, string> {
  const { '.postrider-manifest.json': _, ...rest } = server.content('/www');
  return rest;
}

const WAYS: FakeOptions[] = [
  {},
  { mlst: false },
  { setsTimes: false },
  { setsTimes: false, mlst: false, renamesOver: false },
  { tellsTimes: false, setsTimes: false },
  { hashes: 'sha256' },
];

test.each(WAYS)('%j: deployed, again, changed, deleted; here and from another machine', async options => {
  const { server, rig } = await world(options);
  await write(rig.site, SITE);
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 4, failed: 0 });
  expect(deployed(server)).toEqual(SITE);
  expect(server.files.has(MANIFEST)).toBe(true);

  server.log.length = 0;
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 0, unchanged: 4 });
  expect(server.log.filter(what => MUTATING.test(what) && !what.includes('.postrider-lock'))).toEqual([]);

  const there = await elsewhere(server, { ...SITE, 'index.html': 'HELLO', 'new.txt': 'x' });
  await rm(join(there.site, 'deep'), { recursive: true });
  expect(await there.run(CONFIG)).toMatchObject({ uploaded: 2, deleted: 1, unchanged: 2 });
  expect(deployed(server)).toEqual(await read(there.site));
  expect(server.folders.has('/www/deep')).toBe(false);

  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 2, deleted: 1, unchanged: 2 });
  expect(deployed(server)).toEqual(SITE);
  expect(server.temps()).toEqual([MANIFEST]);
});

test('nothing changed: one question a file, no listing, no data connection', async () => {
  const { server, rig } = await world();
  await write(rig.site, SITE);
  await rig.run(CONFIG);
  server.log.length = 0;
  await rig.run(CONFIG);
  expect(server.log.filter(what => /^(LIST|RETR|STOR|HASH)/.test(what))).toEqual([]);
  expect(server.log.filter(what => what.startsWith('MLST'))).toHaveLength(5);
});

test('a new time alone is no change; new content under the old size and time is one', async () => {
  const { server, rig } = await world();
  await write(rig.site, SITE);
  await rig.run(CONFIG);
  await utimes(join(rig.site, 'empty'), T0 / 1000 + 999, T0 / 1000 + 999);
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 0, unchanged: 4 });
  await write(rig.site, { 'index.html': 'HELLO' }, T0);
  expect((await rig.preview(CONFIG)).actions).toEqual([
    { action: 'upload', target: 'index.html', reason: 'different hash', bytes: 5 },
  ]);
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 1 });
  expect(deployed(server)['index.html']).toBe('HELLO');
});

test('sums are remembered while size, times and inode stay; another file under the old name, size and time is hashed', async () => {
  const { rig } = await world();
  await write(rig.site, SITE);
  rig.clock.time = 4_000_000_000_000;
  await rig.run(CONFIG);
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 0 });
  const piece = [...rig.ledger].find(([key]) => /^sums:.*:\d$/.test(key));
  const rows = piece?.[1] as unknown[][];
  expect(rows.map(row => row[0])).toEqual(expect.arrayContaining(Object.keys(SITE)));
  for (const row of rows) row[5] = '0'.repeat(64);
  expect((await rig.preview(CONFIG)).actions).toHaveLength(4);
  for (const [path, content] of Object.entries(SITE)) {
    await write(rig.folder, { other: content }, T0);
    await rename(join(rig.folder, 'other'), join(rig.site, path));
  }
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 0, unchanged: 4 });
});

test('a file that changed just now is hashed again: its times may not show the next change', async () => {
  const { rig } = await world();
  await write(rig.site, SITE);
  rig.clock.time = Date.now();
  await rig.run(CONFIG);
  await rig.run(CONFIG);
  expect([...rig.ledger.keys()].filter(key => key.startsWith('sums:'))).toEqual([]);
});

test('files of others stay, and so do their folders', async () => {
  const { server, rig } = await world();
  await write(rig.site, SITE);
  await rig.run(CONFIG);
  server.put('/www/uploads/photo.jpg', 'theirs').put('/www/css/theirs.css', 'theirs').put('/www/.htaccess', 'theirs');
  await rm(join(rig.site, 'css'), { recursive: true });
  expect(await rig.run(CONFIG)).toMatchObject({ deleted: 1, unchanged: 3, failed: 0 });
  expect(deployed(server)).toEqual({
    ...(await read(rig.site)),
    ...{ 'uploads/photo.jpg': 'theirs', 'css/theirs.css': 'theirs', '.htaccess': 'theirs' },
  });
  expect(rig.notes.join()).toContain('css/ stays');
  expect(await rig.run(CONFIG)).toMatchObject({ deleted: 0, failed: 0 });
});

test('what somebody changed on the server is sent again, and not deleted when it is no longer ours to have', async () => {
  const { server, rig } = await world();
  await write(rig.site, SITE);
  await rig.run(CONFIG);
  server.put('/www/index.html', 'defaced').put('/www/empty', 'a note of theirs');
  await rm(join(rig.site, 'empty'));
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 1, deleted: 0 });
  expect(deployed(server)).toMatchObject({ 'index.html': 'hello', empty: 'a note of theirs' });
  expect(rig.notes.join()).toContain('empty stays');
});

test('what is missing on the server is sent again', async () => {
  const { server, rig } = await world();
  await write(rig.site, SITE);
  await rig.run(CONFIG);
  for (const path of ['/www/deep/er/ü.txt', '/www/index.html']) server.files.delete(path);
  for (const path of ['/www/deep/er', '/www/deep']) server.folders.delete(path);
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 2, unchanged: 2 });
  expect(deployed(server)).toEqual(SITE);
});

test.each([{}, { hashes: 'md5' }, { mlst: false }] as const)('%j: an existing site is taken over', async options => {
  const { server, rig } = await world(options);
  await write(rig.site, SITE);
  for (const [path, content] of Object.entries(SITE)) server.put(`/www/${path}`, content, T0);
  server.put('/www/old.html', 'theirs', T0).put('/www/index.html', 'hello!', T0);
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 1, deleted: 0, unchanged: 3 });
  expect(deployed(server)).toEqual({ ...SITE, 'old.html': 'theirs' });
  await rm(join(rig.site, 'empty'));
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 0, deleted: 1, unchanged: 3 });
});

test('checksums decide what is taken over, not times', async () => {
  const { server, rig } = await world({ hashes: 'crc32' });
  await write(rig.site, { a: 'same', b: 'here!' });
  server.put('/www/a', 'same', T0 - 5_000_000).put('/www/b', 'there', T0);
  expect((await rig.preview(CONFIG)).actions).toEqual([{ action: 'upload', target: 'b', reason: 'different hash', bytes: 5 }]);
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 1, unchanged: 1 });
});

const DAMAGES: Record<string, [(server: FakeServer) => void, string]> = {
  'cut off': [server => server.put(MANIFEST, server.files.get(MANIFEST)?.data.subarray(0, -20) ?? ''), 'manifest-unreadable'],
  empty: [server => server.put(MANIFEST, ''), 'manifest-unreadable'],
  'not ours': [server => server.put(MANIFEST, '{"files":[]}'), 'manifest-unreadable'],
  'edited by hand': [
    server => server.put(MANIFEST, server.files.get(MANIFEST)?.data.toString().replace('"empty"', '"empti"') ?? ''),
    'manifest-unreadable',
  ],
  'leading out': [
    server => server.put(MANIFEST, '{"postrider-manifest":1,"folders":[],"files":[["../x",1,1,1,""]]}'),
    'manifest-unreadable',
  ],
  newer: [server => server.put(MANIFEST, '{"postrider-manifest":2,"tree":{}}'), 'manifest-newer'],
  'not sent': [
    server => {
      server.refuse = what => (what.startsWith(`RETR ${MANIFEST}`) ? refusedError('path-refused', '550') : undefined);
    },
    'manifest-unreadable',
  ],
  'busy for a while': [
    server => {
      server.refuse = what => (what.startsWith(`RETR ${MANIFEST}`) ? refusedError('path-busy', '450', 'later') : undefined);
    },
    'path-busy',
  ],
  'cut each time': [
    server => {
      server.before = what => {
        if (what.startsWith(`RETR ${MANIFEST}`)) throw new BrokenSessionError('connection-cut', 'cut');
      };
    },
    'connection-cut',
  ],
};

test.each(Object.entries(DAMAGES))('a manifest that is %s is an error, never a first publish', async (_, [damage, code]) => {
  const { server, rig } = await world();
  await write(rig.site, SITE);
  await rig.run(CONFIG);
  const there = await elsewhere(server, { 'index.html': 'another' });
  damage(server);
  server.log.length = 0;
  await expect(there.run(CONFIG)).rejects.toMatchObject({ code });
  expect(server.log.filter(what => MUTATING.test(what) && !what.includes('.postrider-lock'))).toEqual([]);
  expect([...server.folders].filter(path => path.includes('.postrider-lock'))).toEqual([]);
});

test('a run that is refused before it began leaves an earlier one’s leavings to be looked for', async () => {
  const { server, rig } = await world();
  await write(rig.site, SITE);
  await rig.run(CONFIG);
  const owner = { host: 'other', machine: 'deadbeef', pid: 4_000_000, token: '01234567' };
  server.mkdirs(`/www/.postrider-lock/${stampName(owner, 1, true)}`);
  server.put(MANIFEST, '');
  const there = await elsewhere(server, { 'index.html': 'another' });
  await expect(there.run(CONFIG)).rejects.toMatchObject({ code: 'manifest-unreadable' });
  expect([...server.folders].filter(path => path.endsWith('.left'))).toHaveLength(1);
});

test('a manifest that was deleted there is replaced by the copy kept here', async () => {
  const { server, rig } = await world();
  await write(rig.site, SITE);
  await rig.run(CONFIG);
  server.files.delete(MANIFEST);
  await rm(join(rig.site, 'empty'));
  expect(await rig.run(CONFIG)).toMatchObject({ deleted: 1, unchanged: 3 });
  expect(rig.notes.join()).toContain('the copy that was kept here is used');
  expect(server.files.has(MANIFEST)).toBe(true);
});

test('what is excluded from now on stays on the server; included again and gone here, it is deleted', async () => {
  const { server, rig } = await world();
  await write(rig.site, SITE);
  await rig.run(CONFIG);
  await rm(join(rig.site, 'css'), { recursive: true });
  await rm(join(rig.site, 'empty'));
  expect(await rig.run({ ...CONFIG, exclude: ['css', 'empty'] })).toMatchObject({ deleted: 0, unchanged: 2 });
  expect(deployed(server)).toEqual(SITE);
  expect(await rig.run(CONFIG)).toMatchObject({ deleted: 2, unchanged: 2 });
  expect(deployed(server)).toEqual(await read(rig.site));
});

test.each([{}, { mlst: false }])('%j: a file becomes a folder, a folder a file', async options => {
  const { server, rig } = await world(options);
  await write(rig.site, { a: 'file', 'b/c/d': 'deep', 'b/e': 'e' });
  await rig.run(CONFIG);
  await rm(join(rig.site, 'a'));
  await rm(join(rig.site, 'b'), { recursive: true });
  await write(rig.site, { 'a/x': 'in a folder', b: 'now a file' });
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 2, failed: 0 });
  expect(deployed(server)).toEqual({ 'a/x': 'in a folder', b: 'now a file' });
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 0, unchanged: 2 });
});

test('empty folders are made once, and deleted', async () => {
  const { server, rig } = await world({ mlst: false });
  await write(rig.site, { 'full/x': 'x', 'hollow/y': 'y' });
  await rm(join(rig.site, 'hollow/y'));
  await rig.run(CONFIG);
  expect(server.folders.has('/www/hollow')).toBe(true);
  expect((await rig.preview(CONFIG)).actions).toEqual([]);
  await rm(join(rig.site, 'hollow'), { recursive: true });
  await rig.run(CONFIG);
  expect(server.folders.has('/www/hollow')).toBe(false);
});

test('max-delete and an empty source hold it back', async () => {
  const { rig } = await world();
  await write(rig.site, SITE);
  await rig.run(CONFIG);
  await rm(join(rig.site, 'css'), { recursive: true });
  await rm(join(rig.site, 'empty'));
  await expect(rig.run({ ...CONFIG, 'max-delete': 1 })).rejects.toMatchObject({ code: 'too-many-deletes' });
  await expect(rig.run({ ...CONFIG, 'max-delete': '49%' })).rejects.toMatchObject({ code: 'too-many-deletes' });
  for (const name of ['index.html', 'deep']) await rm(join(rig.site, name), { recursive: true });
  await expect(rig.run(CONFIG)).rejects.toMatchObject({ code: 'source-empty' });
});

test('an interrupted run has not lost its progress, though the manifest was not written', async () => {
  const { server, rig } = await world({ setsTimes: false });
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`f${n}`, `content ${n}`]));
  await write(rig.site, many);
  server.killAtBreak = true;
  server.breakAt = 90;
  await expect(rig.run({ ...CONFIG, parallel: 1 })).rejects.toThrow();
  const sent = Object.keys(deployed(server)).length;
  expect(sent).toBeGreaterThan(3);
  expect(server.files.has(MANIFEST)).toBe(false);
  server.dead = false;
  server.breakAt = 0;
  const { uploaded, unchanged } = await rig.run({ ...CONFIG, parallel: 1 });
  expect(uploaded).toBeLessThanOrEqual(20 - sent + 1);
  expect(uploaded + unchanged).toBe(20);
  expect(deployed(server)).toEqual(many);
});

test.each([true, false])('what arrived is ours though the manifest could not be written; one there before: %s', async before => {
  const { server, rig } = await world();
  await write(rig.site, { a: 'a' });
  if (before) await rig.run(CONFIG);
  await write(rig.site, { secret: 'oops', b: 'b' });
  const isFull = () => server.files.has('/www/secret') && server.files.has('/www/b');
  server.refuse = what => (what.startsWith('STOR') && isFull() ? refusedError('server-full', '552') : undefined);
  await expect(rig.run(CONFIG)).rejects.toThrow();
  expect(deployed(server)).toMatchObject({ secret: 'oops' });
  server.refuse = () => undefined;
  await rm(join(rig.site, 'secret'));
  expect(await rig.run(CONFIG)).toMatchObject({ deleted: 1, unchanged: 2 });
  expect([deployed(server), server.temps()]).toEqual([{ a: 'a', b: 'b' }, [MANIFEST]]);
  expect(rig.notes.join()).not.toContain('is gone from the server');
});

/** A run that is killed when all has arrived and the manifest is next: the server and the memory of that moment. */
async function killedBeforeTheManifest(server: FakeServer, rig: Rig): Promise<void> {
  const before = server.files.get(MANIFEST);
  let memory = rig.ledger;
  server.refuse = what => {
    // The last one is the manifest.
    if (what.startsWith('STOR')) memory = new Map(rig.ledger);
    return undefined;
  };
  await rig.run(CONFIG);
  server.refuse = () => undefined;
  if (before === undefined) server.files.delete(MANIFEST);
  else server.files.set(MANIFEST, before);
  rig.ledger.clear();
  for (const [key, value] of memory) rig.ledger.set(key, value);
}

test.each([
  true,
  false,
])('what a killed run had put there is ours and goes with its source; a manifest before: %s', async before => {
  const { server, rig } = await world();
  await write(rig.site, { a: 'a', old: 'moves' });
  if (before) await rig.run(CONFIG);
  await rename(join(rig.site, 'old'), join(rig.site, 'moved'));
  await write(rig.site, { secret: 'oops', 'new/deep/b': 'b', c: 'c' });
  await killedBeforeTheManifest(server, rig);
  // The next run is killed as well, just as late.
  await rm(join(rig.site, 'c'));
  await write(rig.site, { d: 'd' });
  await killedBeforeTheManifest(server, rig);
  server.put('/www/theirs', 'of others', T0);
  for (const gone of ['secret', 'new', 'moved', 'd']) await rm(join(rig.site, gone), { recursive: true });
  const { actions } = await rig.preview(CONFIG);
  expect(actions.filter(({ action }) => action === 'delete').map(({ target }) => target)).toEqual(
    expect.arrayContaining(['secret', 'new/deep/b', 'moved', 'd', 'new/deep/', 'new/']),
  );
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 0, deleted: 4, failed: 0 });
  expect(deployed(server)).toEqual({ a: 'a', theirs: 'of others' });
  expect(server.folders.has('/www/new')).toBe(false);
  server.put('/www/secret', 'oops', T0);
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 0, deleted: 0, unchanged: 1 });
});

test('what a killed run had written over is ours, too; what somebody changed since is not', async () => {
  const { server, rig } = await world();
  await write(rig.site, { a: 'a', b: 'b', c: 'c' });
  await rig.run(CONFIG);
  await write(rig.site, { b: 'new b', c: 'new c' }, T0 + 60_000);
  await killedBeforeTheManifest(server, rig);
  server.put('/www/c', 'THEIRS', T0 + 120_000);
  for (const gone of ['b', 'c']) await rm(join(rig.site, gone));
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 0, deleted: 1, failed: 0 });
  expect(deployed(server)).toEqual({ a: 'a', c: 'THEIRS' });
});

test('what somebody put where a killed run wanted to is not ours: another size, another time, or no times at all', async () => {
  for (const options of [{}, { tellsTimes: false, setsTimes: false }]) {
    const { server, rig } = await world(options);
    await write(rig.site, { a: 'a', b: 'b', c: 'c' });
    await killedBeforeTheManifest(server, rig);
    server.put('/www/b', 'longer', T0).put('/www/c', 'C', T0 + 60_000);
    await rm(join(rig.site, 'b'));
    await rm(join(rig.site, 'c'));
    expect(await rig.run(CONFIG)).toMatchObject({ deleted: 0, failed: 0 });
    expect(deployed(server)).toEqual({ a: 'a', b: 'longer', c: 'C' });
  }
});

test('a file that comes back after it was found on the server without a source is sent: its content there is not known', async () => {
  const { server, rig } = await world();
  await write(rig.site, { a: 'a', b: 'b' });
  await killedBeforeTheManifest(server, rig);
  await rm(join(rig.site, 'b'));
  expect(await rig.run({ ...CONFIG, delete: false })).toMatchObject({ deleted: 0, unchanged: 1 });
  await write(rig.site, { b: 'B' });
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 1, unchanged: 1 });
  expect(deployed(server)).toEqual({ a: 'a', b: 'B' });
});

test('a folder that a killed run had replaced by a file, and the reverse, is told from what was deployed before', async () => {
  const { server, rig } = await world();
  await write(rig.site, { 'swap/inside': 'in', other: 'file' });
  await rig.run(CONFIG);
  server.files.delete('/www/swap/inside');
  server.folders.delete('/www/swap');
  server.files.delete('/www/other');
  server.put('/www/swap', 'now a file', T0).put('/www/other/x', 'now a folder', T0);
  await rm(join(rig.site, 'swap'), { recursive: true });
  await rm(join(rig.site, 'other'));
  await write(rig.site, { swap: 'now a file', 'other/x': 'now a folder' });
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 0, unchanged: 2, failed: 0 });
  await rm(join(rig.site, 'swap'));
  await rm(join(rig.site, 'other'), { recursive: true });
  await write(rig.site, { 'swap/inside': 'again', other: 'file again' });
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 2, failed: 0 });
  expect(deployed(server)).toEqual({ 'swap/inside': 'again', other: 'file again' });
});

test('a file of somebody else where a folder of ours was is neither deleted nor replaced', async () => {
  const { server, rig } = await world();
  await write(rig.site, { 'hollow/x': 'x', keep: 'k' });
  await rig.run(CONFIG);
  server.files.delete('/www/hollow/x');
  server.folders.delete('/www/hollow');
  server.put('/www/hollow', 'theirs');
  await rm(join(rig.site, 'hollow'), { recursive: true });
  expect(await rig.run(CONFIG)).toMatchObject({ deleted: 0, unchanged: 1 });
  expect(deployed(server)).toEqual({ hollow: 'theirs', keep: 'k' });
});
