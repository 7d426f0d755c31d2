// What a careless mirror would destroy: files under another spelling, old files that were to be replaced, roots that nobody meant.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BrokenSessionError } from '../../../src/core/errors.ts';
import { rootBrake } from '../../../src/steps/ftp-mirror/comparison/brakes.ts';
import { Pool } from '../../../src/steps/ftp-mirror/sessions/pool.ts';
import { FakeServer, refusedError } from './fake-server.ts';
import { MemoryClock, makeRig, read, settings, T0, write } from './rig.ts';
import { sandboxRig } from './sandbox-rig.ts';

const up = { direction: 'upload', delete: true };

describe('names that the server does not tell apart', () => {
  test('a file and a folder renamed in case only survive on a server that folds case', async () => {
    const server = new FakeServer({ foldsCase: true }).put('/www/readme.md', 'old').put('/www/docs/a.txt', 'old a');
    server.put('/www/docs/gone.txt', 'x');
    const rig = await makeRig(server);
    await write(rig.site, { 'README.md': 'new', 'Docs/a.txt': 'new a' });
    expect(await rig.run(up)).toMatchObject({ failed: 0, deleted: 1 });
    expect(server.content('/www')).toEqual({ 'readme.md': 'new', 'docs/a.txt': 'new a' });
  });

  test('where case counts, the old spelling goes', async () => {
    const server = new FakeServer().put('/www/readme.md', 'old').put('/www/docs/a.txt', 'old a');
    const rig = await makeRig(server);
    await write(rig.site, { 'README.md': 'new', 'Docs/a.txt': 'new a' });
    expect(await rig.run(up)).toMatchObject({ failed: 0, deleted: 2 });
    expect(server.content('/www')).toEqual({ 'README.md': 'new', 'Docs/a.txt': 'new a' });
    expect(server.folders.has('/www/docs')).toBe(false);
  });

  test('downloaded: where case counts, the old spelling goes', async () => {
    const server = new FakeServer().put('/www/README.md', 'new', T0);
    const rig = await makeRig(server);
    await write(rig.site, { 'readme.md': 'old' });
    expect(await rig.run({ direction: 'download', delete: true })).toMatchObject({ deleted: 1 });
    expect(await read(rig.site)).toEqual({ 'README.md': 'new' });
  });
});

describe('replacing', () => {
  test('a rename refused for good leaves the old file where it was', async () => {
    const server = new FakeServer().put('/www/a', 'old');
    const rig = await makeRig(server);
    await write(rig.site, { a: 'newer' });
    server.refuse = what => (what === 'RNTO /www/a' ? refusedError('name-refused', '553') : undefined);
    // The refusal is of that name, so it is lifted for the way back: the second try after the old file stepped aside.
    server.before = () => {
      const aside = server.log.findIndex(line => line.startsWith('RNTO /www/.postrider-'));
      if (aside >= 0 && server.log.slice(aside).filter(line => line === 'RNTO /www/a').length > 1)
        server.refuse = () => undefined;
    };
    await expect(rig.run({ direction: 'upload' })).rejects.toMatchObject({ code: 'mirror-incomplete' });
    expect(server.content('/www')).toEqual({ a: 'old' });
  });

  test('a folder with files of somebody else never steps aside for a file', async () => {
    const { rig, www } = await sandboxRig();
    const manifest = { ...up, compare: 'manifest' };
    await write(rig.site, { a: '1' });
    await rig.run(manifest);
    await write(www, { 'b/theirs': 'theirs' });
    await write(rig.site, { b: 'mine' });
    await expect(rig.run(manifest)).rejects.toThrow('/www/b is a folder on the server: the file cannot have that name');
    expect(await read(join(www, 'b'))).toEqual({ theirs: 'theirs' });
  });

  test('an unfinished file that vanished is not taken for published because the old one has its size', async () => {
    const server = new FakeServer().put('/www/a', 'old!', T0 - 60_000);
    const rig = await makeRig(server);
    await write(rig.site, { a: 'new!' });
    server.before = what => {
      if (what === 'RNTO /www/a') for (const temp of server.temps()) server.files.delete(temp);
    };
    await expect(rig.run({ direction: 'upload' })).rejects.toMatchObject({ code: 'mirror-incomplete' });
  });

  test('a full disk while continuing ends the mirror and keeps what is there', async () => {
    const server = new FakeServer({ chunkBytes: 4 });
    const rig = await makeRig(server);
    await write(rig.site, { a: 'abcdefgh' });
    server.before = what => {
      if (what.startsWith('226 ')) server.dead = true;
    };
    await rig.run({ direction: 'upload' }).catch(() => undefined);
    server.dead = false;
    for (const temp of server.temps()) server.put(temp, 'abcd');
    server.before = () => undefined;
    server.log.length = 0;
    server.refuse = what => (what.startsWith('STOR') ? refusedError('server-full', '552') : undefined);
    await expect(rig.run({ direction: 'upload' })).rejects.toMatchObject({ code: 'server-full' });
    expect(server.log.filter(line => /^(APPE|DELE)/.test(line))).toEqual([]);
    expect(server.temps()).toHaveLength(1);
  });
});

test.each(['..', 'www/../..'])('upload to %s with delete is refused at the root', async remote => {
  const server = new FakeServer().put('/www/a', 'a');
  const rig = await makeRig(server);
  await write(rig.site, { b: 'b' });
  await expect(rig.run({ ...up, remote })).rejects.toMatchObject({ code: 'delete-at-root' });
  expect(server.content('/')).toEqual({ 'www/a': 'a' });
});

/** Asks the brake alone: a mirror that failed to brake would work on this machine's own root. */
test('download with delete into / is refused unless / was written', () => {
  const into = (local: string) => rootBrake(settings({ direction: 'download', delete: true, local }), '/');
  expect(into('/../')).toMatchObject({ code: 'delete-at-root' });
  expect(into('/')).toBeUndefined();
});

describe('sessions', () => {
  test('sessions that died while idle cost the work no try', async () => {
    const server = new FakeServer();
    const clock = new MemoryClock();
    const pool = new Pool({
      connect: () => server.connect({} as never, {} as never),
      sessions: 4,
      signal: new AbortController().signal,
      clock,
      warn: () => undefined,
    });
    const barrier = Promise.withResolvers<void>();
    let started = 0;
    const work = Array.from({ length: 4 }, () =>
      pool.use(async () => {
        started += 1;
        if (started === 4) barrier.resolve();
        await barrier.promise;
      }),
    );
    await Promise.all(work);
    clock.time += 60_000;
    let dead = 4;
    server.before = what => {
      if (what !== 'connect' && dead-- > 0) throw new BrokenSessionError('server-closing', '421 idle');
    };
    await expect(pool.use(client => client.makeFolder('/x'))).resolves.toBeUndefined();
    expect(server.folders.has('/x')).toBe(true);
    await pool.close();
    expect(server.open).toBe(0);
  });

  test('a login still under way at the end is cut', async () => {
    const server = new FakeServer();
    const rig = await makeRig(server);
    await write(rig.site, { 'a/1': '1', 'b/2': '2', 'c/3': '3' });
    const signals: (AbortSignal | undefined)[] = [];
    server.opening = signal => {
      signals.push(signal);
      return signals.length === 1 ? undefined : new Promise(() => undefined);
    };
    await rig.run({ direction: 'upload', parallel: 3 });
    expect(signals.length).toBeGreaterThan(1);
    expect(signals.map(signal => signal?.aborted)).toEqual(signals.map(() => true));
  });

  test('a mode that the server does not set is said once', async () => {
    const server = new FakeServer();
    const rig = await makeRig(server);
    await write(rig.site, { a: '1', b: '2', c: '3' });
    server.chmods = false;
    await rig.run({ direction: 'upload', chmod: { files: '644' } });
    expect(rig.notes.filter(note => note.includes('modes'))).toHaveLength(1);
  });
});
