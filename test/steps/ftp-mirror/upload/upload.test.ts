import { mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FakeServer, refusedError } from '../fake-server.ts';
import { makeRig, read, settings, T0, write } from '../rig.ts';

const up = { direction: 'upload' };

describe('what is uploaded', () => {
  test('a tree is made equal, times kept; a second run transfers nothing', async () => {
    const server = new FakeServer();
    const rig = await makeRig(server);
    await write(rig.site, { 'a.txt': 'aaaa', 'sub/deep/b.txt': 'bbbbbbbbbb', empty: '' });
    await mkdir(join(rig.site, 'hollow'));
    expect(await rig.run(up)).toEqual({ uploaded: 3, downloaded: 0, deleted: 0, renamed: 0, unchanged: 0, failed: 0, bytes: 14 });
    expect(server.content('/www')).toEqual(await read(rig.site));
    expect(server.folders.has('/www/hollow')).toBe(true);
    expect(server.files.get('/www/a.txt')?.modifiedAt).toBe(T0);
    expect(server.temps()).toEqual([]);
    expect(await rig.run(up)).toMatchObject({ uploaded: 0, unchanged: 3, bytes: 0 });
    expect(server.open).toBe(0);
  });

  test('changed size and changed time are sent; progress ends at the whole', async () => {
    const server = new FakeServer();
    const rig = await makeRig(server);
    await write(rig.site, { size: 'one', time: 'two', same: 'three' });
    await rig.run(up);
    await write(rig.site, { size: 'longer' });
    await write(rig.site, { time: 'TWO' }, T0 + 60_000);
    expect(await rig.run(up)).toMatchObject({ uploaded: 2, unchanged: 1 });
    expect(server.content('/www')).toEqual(await read(rig.site));
    expect(rig.progress.at(-1)).toMatchObject({ done: 2, total: 2, bytes: 9, totalBytes: 9 });
  });

  test('the missing root is made with the folders above it; a relative root works', async () => {
    const server = new FakeServer();
    const rig = await makeRig(server);
    await write(rig.site, { a: '1' });
    await rig.run({ ...up, remote: '/x/y/z/' });
    expect(server.content('/x/y/z')).toEqual({ a: '1' });
    await rig.run({ ...up, remote: 'p/q' });
    expect(server.content('/p/q')).toEqual({ a: '1' });
    await rig.run({ ...up, remote: '.' });
    expect(server.files.get('/a')?.data.toString()).toBe('1');
    expect(await rig.run({ ...up, remote: '/p/q' })).toMatchObject({ unchanged: 1 });
  });

  test('a root that the server makes by itself for the lock in it, after it was not there to be listed', async () => {
    const server = new FakeServer();
    const rig = await makeRig(server);
    await write(rig.site, { a: '1', 'sub/b': '2' });
    server.refuse = what => {
      if (what !== 'LIST /x/y' || server.folders.has('/x/y')) return undefined;
      server.mkdirs('/x/y');
      return refusedError('path-missing', '550');
    };
    expect(await rig.run({ ...up, remote: '/x/y', delete: true })).toMatchObject({ uploaded: 2, failed: 0 });
    expect(server.content('/x/y')).toEqual({ a: '1', 'sub/b': '2' });
  });

  test.each([
    ['quotation marks', 'a"b', (path: string) => path.replaceAll('"', '')],
    ['letters other than ASCII', 'ü', (path: string) => path.replace(/[^\0-\x7f]/g, letter => `${letter}?`)],
  ])('a name with %s that the server would change is not sent; of others none is asked', async (what, name, stores) => {
    const server = new FakeServer({ stores, utf8: false }).put('/www/old', 'o');
    const rig = await makeRig(server);
    await write(rig.site, { [name]: '1', b: '2' });
    await expect(rig.run({ ...up, delete: true })).rejects.toMatchObject({ code: 'mirror-incomplete' });
    expect(rig.notes.join()).toContain(`the server would store "${name}" under another name: it changes ${what}`);
    expect(server.content('/www')).toEqual({ b: '2', old: 'o' });
    expect([...server.folders].filter(path => path.includes('postrider'))).toEqual([]);
    await write(rig.site, { b: 'new' });
    server.log.length = 0;
    await rig.run({ ...up, exclude: [name] });
    expect(server.log.filter(line => line.startsWith('MKD') && !line.includes('lock'))).toEqual([]);
  });

  test.each([
    [{}, 'they are remembered here instead'],
    [{ forgetful: true as const }, 'the next run sends everything again'],
  ])('what becomes of times that the server cannot set is said as it is: %j', async (ledger, said) => {
    const rig = await makeRig(new FakeServer({ setsTimes: false }));
    await write(rig.site, { a: '1' });
    const context = { ...rig.context, ledger: { ...rig.context.ledger, ...ledger } };
    await rig.step.run(settings(up), context);
    expect(rig.notes.join()).toContain(said);
  });

  test('letters in another Unicode form are the same letters; where names are UTF-8, nothing is asked', async () => {
    const server = new FakeServer({ stores: path => path.normalize('NFD'), utf8: false });
    const rig = await makeRig(server);
    await write(rig.site, { ü: '1' });
    expect(await rig.run(up)).toMatchObject({ uploaded: 1, failed: 0 });
    server.options = {};
    server.log.length = 0;
    await write(rig.site, { é: '1' });
    await rig.run(up);
    expect(server.log.filter(line => line.startsWith('MKD') && !line.includes('lock'))).toEqual([]);
  });

  test('excluded and unincluded paths are neither sent nor deleted', async () => {
    const server = new FakeServer().put('/www/logs/x.log', 'x').put('/www/keep/y.log', 'y').put('/www/old.html', 'o');
    const rig = await makeRig(server);
    await write(rig.site, { 'index.html': 'i', 'secret.env': 's', 'node_modules/m/i.js': 'm' });
    const rules = { exclude: ['*.log', '*.env', 'node_modules/'], delete: true };
    expect(await rig.run({ ...up, ...rules })).toMatchObject({ uploaded: 1, deleted: 1 });
    expect(server.content('/www')).toEqual({ 'index.html': 'i', 'logs/x.log': 'x', 'keep/y.log': 'y' });
    await write(rig.site, { 'a.css': 'c', 'b.js': 'j' });
    expect(await rig.run({ ...up, include: ['*.css'], delete: true })).toMatchObject({ uploaded: 1, deleted: 0 });
    expect(Object.keys(server.content('/www'))).toEqual(['a.css', 'index.html', 'keep/y.log', 'logs/x.log']);
  });

  test('links: skipped with a note, followed, or an error; a loop ends', async () => {
    const server = new FakeServer();
    const rig = await makeRig(server);
    await write(rig.site, { 'real/f': '1' });
    await symlink('real/f', join(rig.site, 'file-link'));
    await symlink('..', join(rig.site, 'real', 'up'));
    await symlink('nowhere', join(rig.site, 'broken'));
    await rig.run(up);
    expect(server.content('/www')).toEqual({ 'real/f': '1' });
    expect(rig.notes.join()).toContain('3 symbolic links left out');
    await rig.run({ ...up, symlinks: 'follow' });
    expect(server.content('/www')).toEqual({ 'real/f': '1', 'file-link': '1' });
    expect(rig.notes.join()).toContain('points back');
    await expect(rig.run({ ...up, symlinks: 'error' })).rejects.toMatchObject({ code: 'symlink-found' });
  });

  test('modes, and a shared rate', async () => {
    const server = new FakeServer();
    const rig = await makeRig(server);
    await write(rig.site, { a: 'x'.repeat(10_240) });
    await rig.run({ ...up, chmod: { files: '640', dirs: 755 }, bandwidth: '1KB/s' });
    expect(server.files.get('/www/a')?.mode).toBe(0o640);
    await write(rig.site, { b: 'x'.repeat(10_240) });
    await rig.run({ ...up, bandwidth: '1KB/s' });
    const start = rig.clock.time;
    await write(rig.site, { c: 'x', d: 'x'.repeat(300_000), e: 'y' });
    await rig.run({ ...up, bandwidth: '1KB/s', parallel: 1 });
    expect(rig.clock.time - start).toBeGreaterThan(250_000);
  });

  test('at most max-connections sessions, and work goes on when the server gives fewer', async () => {
    const server = new FakeServer({ sessionsMax: 2 });
    const rig = await makeRig(server, 5);
    await write(rig.site, Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`f${n}`, `data ${n}`])));
    expect(await rig.run({ ...up, parallel: 16 })).toMatchObject({ uploaded: 20 });
    expect(server.openMost).toBe(2);
    expect(rig.notes.join()).toContain('no more than 2 session');
    server.options = {};
    await write(rig.site, Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`f${n}`, `DATA ${n}`])), T0 + 9000);
    await rig.run({ ...up, parallel: 16 });
    expect(server.openMost).toBeLessThanOrEqual(5);
  });
});

describe('servers that cannot everything', () => {
  test('no MFMT: what was sent is remembered, and is not sent again', async () => {
    const server = new FakeServer({ setsTimes: false });
    const rig = await makeRig(server);
    await write(rig.site, { a: '1', b: '2' });
    await rig.run(up);
    expect(await rig.run(up)).toMatchObject({ uploaded: 0, unchanged: 2 });
    server.put('/www/a', 'X', server.now + 99_000);
    expect(await rig.run(up)).toMatchObject({ uploaded: 1, unchanged: 1 });
    await write(rig.site, { b: '3' }, T0 + 1);
    expect(await rig.run(up)).toMatchObject({ uploaded: 1, unchanged: 1 });
    expect(server.content('/www')).toEqual({ a: '1', b: '3' });
  });

  test('neither MFMT nor MDTM, and preserve-times: false', async () => {
    for (const [options, config] of [
      [{ setsTimes: false, tellsTimes: false }, {}],
      [{}, { 'preserve-times': false }],
    ] as const) {
      const server = new FakeServer(options);
      const rig = await makeRig(server);
      await write(rig.site, { a: '1' });
      await rig.run({ ...up, ...config });
      expect(await rig.run({ ...up, ...config })).toMatchObject({ uploaded: 0, unchanged: 1 });
    }
  });

  test('a listing in minutes: MDTM decides, once', async () => {
    const server = new FakeServer({ precisionMs: 60_000 });
    const rig = await makeRig(server);
    await write(rig.site, { a: '1' }, T0 + 12_000);
    await rig.run(up);
    expect(await rig.run(up)).toMatchObject({ unchanged: 1 });
    server.log.length = 0;
    expect(await rig.run(up)).toMatchObject({ unchanged: 1 });
    expect(server.log.filter(line => line.startsWith('MDTM'))).toEqual([]);
    await write(rig.site, { a: '2' }, T0 + 17_000);
    expect(await rig.run(up)).toMatchObject({ uploaded: 1 });
    expect(server.content('/www')).toEqual({ a: '2' });
  });

  test('no rename over an existing file, no SIZE', async () => {
    const server = new FakeServer({ renamesOver: false, tellsSizes: false });
    const rig = await makeRig(server);
    await write(rig.site, { a: '1', b: '22' });
    await rig.run(up);
    await write(rig.site, { a: '333', b: '4444' });
    expect(await rig.run(up)).toMatchObject({ uploaded: 2 });
    expect(server.content('/www')).toEqual({ a: '333', b: '4444' });
    expect(rig.notes.filter(note => note.includes('does not rename over'))).toHaveLength(1);
  });

  test.each([
    {},
    { restarts: false },
    { restarts: false, appends: false },
  ])('an unfinished file is continued: %j', async options => {
    const server = new FakeServer(options);
    const rig = await makeRig(server);
    const big = 'x'.repeat(1_400_000);
    await write(rig.site, { big });
    let chunks = 0;
    server.before = what => {
      if (what.startsWith('data') && ++chunks === 3) server.dead = true;
    };
    await expect(rig.run(up)).rejects.toMatchObject({ retry: 'reconnect' });
    expect(server.temps()).toHaveLength(1);
    server.dead = false;
    const { bytes } = await rig.run(up);
    expect(server.content('/www')).toEqual({ big });
    expect(server.temps()).toEqual([]);
    if (!('appends' in options)) expect(bytes).toBeLessThan(big.length / 2);
  });
});

describe('nothing wrong is published', () => {
  test('a file that changes while it is sent fails, with a retry, and the next run sends it', async () => {
    const server = new FakeServer().put('/www/a', 'old');
    const rig = await makeRig(server);
    await write(rig.site, { a: 'first content', b: 'fine' });
    let done = false;
    const { appendFile } = await import('node:fs/promises');
    const base = server.connect;
    const connect: typeof base = async (endpoint, options) => {
      const client = await base(endpoint, options);
      const upload = client.upload.bind(client);
      client.upload = async (path, source, more) => {
        const sent = await upload(path, source, more);
        if (!done) {
          done = true;
          await appendFile(join(rig.site, 'a'), '!');
        }
        return sent;
      };
      return client;
    };
    const other = await makeRig({ connect });
    await rename(rig.site, join(other.folder, 'moved'));
    await rm(other.site, { recursive: true });
    await rename(join(other.folder, 'moved'), rig.site);
    const config = { ...up, local: rig.site, parallel: 1 };
    await expect(other.run(config)).rejects.toMatchObject({ code: 'mirror-incomplete', retry: 'later' });
    expect(server.content('/www')).toEqual({ a: 'old', b: 'fine' });
    expect(server.temps()).toEqual([]);
    await other.run(config);
    expect(server.content('/www')).toEqual({ a: 'first content!', b: 'fine' });
  });

  test('one refused file does not stop the others; deletions and `last` wait', async () => {
    const server = new FakeServer().put('/www/old', 'o');
    const rig = await makeRig(server);
    await write(rig.site, { bad: 'b', good: 'g', 'index.html': 'i' });
    server.refuse = what => (what === 'RNTO /www/bad' ? refusedError('path-refused', '550') : undefined);
    const config = { ...up, delete: true, last: ['*.html'] };
    const error = await rig.run(config).catch(reason => reason);
    expect(error).toMatchObject({ code: 'mirror-incomplete', retry: 'never' });
    expect(error.message).toContain('bad: ');
    expect(server.content('/www')).toEqual({ old: 'o', good: 'g' });
    server.refuse = () => undefined;
    expect(await rig.run(config)).toMatchObject({ uploaded: 2, deleted: 1, bytes: 1 });
    expect(server.content('/www')).toEqual(await read(rig.site));
  });

  test('a full server stops everything at once', async () => {
    const server = new FakeServer();
    const rig = await makeRig(server);
    await write(rig.site, { a: '1', b: '2', c: '3' });
    server.refuse = what => (what.startsWith('226') ? refusedError('server-full', '552') : undefined);
    await expect(rig.run({ ...up, parallel: 1 })).rejects.toMatchObject({ code: 'server-full' });
    expect(server.log.filter(line => line.startsWith('STOR'))).toHaveLength(1);
  });

  test('commit: end names nothing before everything is there, and `last` last', async () => {
    const server = new FakeServer();
    const rig = await makeRig(server);
    await write(rig.site, { 'a.html': '1', 'b.css': '2', 'c.js': '3', 'z/index.html': '4' });
    server.refuse = what => (what.startsWith('STOR') && server.log.length > 9 ? refusedError('path-refused', '550') : undefined);
    const config = { ...up, commit: 'end', last: ['*.html', 'a.html'] };
    await expect(rig.run(config)).rejects.toMatchObject({ code: 'mirror-incomplete' });
    expect(server.content('/www')).toEqual({});
    server.refuse = () => undefined;
    await rig.run(config);
    const names = server.log.filter(line => line.startsWith('RNTO')).map(line => line.slice(10));
    expect(names.slice(0, 2).sort()).toEqual(['b.css', 'c.js']);
    expect(names.slice(2)).toEqual(['z/index.html', 'a.html']);
    expect(server.temps()).toEqual([]);
  });

  test('a truncated upload is noticed by its size and not published', async () => {
    const server = new FakeServer();
    const rig = await makeRig(server);
    await write(rig.site, { a: 'whole content' });
    server.before = what => {
      if (what.startsWith('SIZE'))
        for (const [path, file] of server.files) if (path.includes('postrider')) file.data = file.data.subarray(0, 3);
    };
    await expect(rig.run(up)).rejects.toMatchObject({ code: 'mirror-incomplete', retry: 'later' });
    expect(server.content('/www')).toEqual({});
    expect(server.temps()).toEqual([]);
  });

  test('abort ends at once and leaves only what the next run continues', async () => {
    const server = new FakeServer();
    const rig = await makeRig(server);
    await write(rig.site, { big: 'x'.repeat(600_000), small: 's' });
    server.before = what => {
      if (what.startsWith('data') && what.includes('postrider') && server.operations > 12) rig.abort.abort();
    };
    await expect(rig.run(up)).rejects.toMatchObject({ code: 'cancelled' });
    expect(server.open).toBe(0);
    expect(server.files.has('/www/big')).toBe(false);
    const next = await makeRig(server);
    server.before = () => undefined;
    await next.run({ ...up, local: rig.site });
    expect(server.content('/www')).toEqual(await read(rig.site));
    expect(server.temps()).toEqual([]);
  });

  test('leftovers of another content are removed, never continued, never downloaded', async () => {
    const server = new FakeServer()
      .put('/www/.postrider-0123456789abcdef.part', 'junk')
      .put('/www/d/.postrider-0123456789abcdee.part', 'j');
    const rig = await makeRig(server);
    await write(rig.site, { a: '1', '.postrider-0123456789abcdef.part': 'local junk' });
    expect(await rig.run({ ...up, delete: true })).toMatchObject({ uploaded: 1, deleted: 0 });
    expect([...server.files.keys()]).toEqual(['/www/a']);
    expect(server.folders.has('/www/d')).toBe(false);
  });
});

describe('deletion', () => {
  test('what the source lacks goes, deepest folders first, after the transfers', async () => {
    const server = new FakeServer().put('/www/x/y/z', '1').put('/www/gone', '2');
    const rig = await makeRig(server);
    await write(rig.site, { new: 'n' });
    const preview = await rig.preview({ ...up, delete: true });
    expect(server.log.filter(line => /^(STOR|DELE|RMD|MKD|RNTO)/.test(line))).toEqual([]);
    expect(preview.summary).toBe('1 file to upload (1 B), 2 to delete, 0 unchanged');
    expect(preview.actions.map(({ action, target }) => `${action} ${target}`)).toEqual([
      'upload new',
      'delete gone',
      'delete x/y/z',
      'delete x/y/',
      'delete x/',
    ]);
    expect(await rig.run({ ...up, delete: true })).toMatchObject({ uploaded: 1, deleted: 2 });
    expect(server.content('/www')).toEqual({ new: 'n' });
    expect([...server.folders]).toEqual(['/', '/www']);
    const changes = server.log.filter(line => /^(DELE|RMD|RNTO)(?!.*postrider-lock)/.test(line));
    expect(changes[0]).toBe('RNTO /www/new');
    expect(changes.slice(-2)).toEqual(['RMD /www/x/y', 'RMD /www/x']);
  });

  test('brakes: empty source, max-delete, the server root, a cut listing, a failed listing', async () => {
    const server = new FakeServer().put('/www/a', '1').put('/www/b', '2').put('/www/sub/c', '3').put('/root', 'r');
    const rig = await makeRig(server);
    const del = { ...up, delete: true };
    await expect(rig.run(del)).rejects.toMatchObject({ code: 'source-empty' });
    await write(rig.site, { a: '1' });
    await expect(rig.run({ ...del, 'max-delete': 1 })).rejects.toMatchObject({ code: 'too-many-deletes' });
    await expect(rig.run({ ...del, 'max-delete': '50%' })).rejects.toMatchObject({ code: 'too-many-deletes' });
    await expect(rig.run({ ...del, remote: '//' })).rejects.toMatchObject({ code: 'delete-at-root' });
    await expect(rig.run({ ...del, remote: '.' })).rejects.toMatchObject({ code: 'delete-at-root' });
    server.refuse = what => (what === 'LIST /www/sub' ? refusedError('path-refused', '550') : undefined);
    await expect(rig.run(del)).rejects.toMatchObject({ code: 'path-refused' });
    server.refuse = what => (what === 'LIST /www/sub' ? refusedError('path-missing', '550') : undefined);
    await expect(rig.run(del)).rejects.toMatchObject({ code: 'path-missing' });
    server.refuse = () => undefined;
    server.extra.set(
      '/www/sub',
      Array.from({ length: 9_999 }, (_, n) => ({ name: `n${n}`, type: 'file', size: 1 })),
    );
    await expect(rig.run(del)).rejects.toMatchObject({ code: 'listing-truncated' });
    server.extra.clear();
    expect((await rig.preview({ ...del, 'max-delete': 1 })).summary).toContain('refused: 2 of 3');
    expect(server.files.size).toBe(4);
    expect(await rig.run({ ...del, 'max-delete': '67%' })).toMatchObject({ deleted: 2 });
    await rm(join(rig.site, 'a'));
    expect(await rig.run({ ...del, 'allow-empty': true })).toMatchObject({ deleted: 1 });
    expect(server.files.size).toBe(1);
  });

  test('file and folder swapped: with delete replaced, without a failure that says so', async () => {
    const server = new FakeServer().put('/www/was-file', '1').put('/www/was-folder/x/y', '2');
    const rig = await makeRig(server);
    await write(rig.site, { 'was-file/in': 'a', 'was-folder': 'b', fine: 'c' });
    await expect(rig.run(up)).rejects.toMatchObject({ code: 'mirror-incomplete' });
    expect(server.content('/www')).toEqual({ 'was-file': '1', 'was-folder/x/y': '2', fine: 'c' });
    await rig.run({ ...up, delete: true });
    expect(server.content('/www')).toEqual(await read(rig.site));
  });

  test('links on the server stay', async () => {
    const server = new FakeServer().put('/www/a', '1');
    server.others.set('/www/current', { name: 'current', type: 'link', target: '/etc' });
    const rig = await makeRig(server);
    await write(rig.site, { a: '1' });
    await rig.run({ ...up, delete: true });
    expect(server.others.size).toBe(1);
    await write(rig.site, { 'current/x': '1' });
    await expect(rig.run(up)).rejects.toMatchObject({ code: 'mirror-incomplete' });
  });
});

test('in place without atomic', async () => {
  const server = new FakeServer().put('/www/a', 'old');
  const rig = await makeRig(server);
  await write(rig.site, { a: 'new' }, T0 + 5_000);
  await rig.run({ ...up, atomic: false });
  expect(server.content('/www')).toEqual({ a: 'new' });
  expect(server.log.some(line => line.startsWith('RNTO'))).toBe(false);
});

test('a missing local folder says so; names FTP cannot carry fail alone', async () => {
  const server = new FakeServer();
  const rig = await makeRig(server);
  await expect(rig.run({ ...up, local: 'nowhere' })).rejects.toMatchObject({ code: 'file-missing' });
  await writeFile(join(rig.site, 'a\nDELE x'), '1');
  await write(rig.site, { ok: '1' });
  await utimes(join(rig.site, 'ok'), 1, 1);
  await expect(rig.run(up)).rejects.toMatchObject({ code: 'mirror-incomplete' });
  expect(server.content('/www')).toEqual({ ok: '1' });
});

test('commit: end gives all names in one stretch, `last` at its end, after everything is there and before anything goes', async () => {
  const server = new FakeServer().put('/www/old/page', 'x');
  const rig = await makeRig(server);
  const files = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`dir${n % 3}/f${n}`, `${n}`]));
  await write(rig.site, { ...files, 'index.html': 'home' });
  const config = { direction: 'upload', commit: 'end', delete: true, last: ['*.html'], chmod: { files: '640' } };
  expect(await rig.run(config)).toMatchObject({ uploaded: 51, deleted: 1 });
  const order = server.log.filter(what => /^(226|RNTO|MFMT|CHMOD|DELE)/.test(what));
  const first = order.findIndex(what => what.startsWith('RNTO'));
  expect(order.slice(first, first + 3).map(what => what.replace(/\d$/, 'N'))).toEqual(Array(3).fill('RNTO /www/dirN'));
  expect(order.slice(first + 3)).toEqual(['RNTO /www/index.html', 'DELE /www/old/page']);
  expect([...server.files.values()].every(file => file.mode === 0o640)).toBe(true);
});

test('commit: end: when one file does not come, nothing has a new name, and the next run sends only that one', async () => {
  const server = new FakeServer();
  const rig = await makeRig(server);
  await write(rig.site, { a: 'A', b: 'B', c: 'C' });
  let stores = 0;
  server.refuse = what => (what.startsWith('STOR') && ++stores === 2 ? refusedError('server-refused', '553') : undefined);
  await expect(rig.run({ direction: 'upload', commit: 'end' })).rejects.toMatchObject({ code: 'mirror-incomplete' });
  expect(server.content('/www')).toEqual({});
  expect(server.temps()).toHaveLength(2);
  server.refuse = () => undefined;
  server.log.length = 0;
  expect(await rig.run({ direction: 'upload', commit: 'end' })).toMatchObject({ uploaded: 3, bytes: 1 });
  expect(server.temps()).toEqual([]);
});
