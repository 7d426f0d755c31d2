// The session breaks, or the process dies, at every single operation: nothing half-written is ever visible, and a rerun completes.
import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { type FakeOptions, FakeServer } from './fake-server.ts';
import { makeRig, read, T0, write } from './rig.ts';

const OLD = { 'a.txt': 'old a', 'gone/x': 'x', 'sub/b.txt': 'old b' };
const NEW = { 'a.txt': 'new content of a', 'sub/b.txt': 'new content of b', 'sub/new/c.txt': 'c c c c' };

function seeded(options: FakeOptions): FakeServer {
  const server = new FakeServer(options);
  for (const [path, data] of Object.entries(OLD)) server.put(`/www/${path}`, data, T0 - 50_000);
  return server;
}

/** Every visible file is, at every moment, the whole old or the whole new one. */
function watch(server: FakeServer): void {
  server.changed = () => {
    for (const [path, data] of Object.entries(server.content('/www'))) {
      expect([OLD[path as keyof typeof OLD], NEW[path as keyof typeof NEW]]).toContain(data);
    }
  };
}

const cases = [
  ['each', {}],
  ['each', { renamesOver: false, setsTimes: false }],
  ['each', { renamesFolders: false }],
  ['end', {}],
  ['end', { renamesFolders: false }],
] as const;

test.each(cases)('upload, commit %s, %j: every operation cut once, and once for good', async (commit, options) => {
  const config = { direction: 'upload', delete: true, parallel: 2, commit, last: ['a.txt'] };
  const whole = seeded(options);
  const first = await makeRig(whole);
  await write(first.site, NEW);
  await first.run(config);
  const operations = whole.operations;
  expect(operations).toBeGreaterThan(20);
  for (const killAtBreak of [false, true]) {
    for (let n = 1; n <= operations; n++) {
      const server = seeded(options);
      watch(server);
      Object.assign(server, { breakAt: n, killAtBreak });
      const rig = await makeRig(server);
      await write(rig.site, NEW);
      const outcome = await rig.run(config).catch(error => error);
      if (outcome instanceof Error) expect(outcome).toMatchObject({ retry: 'reconnect' });
      Object.assign(server, { breakAt: 0, dead: false });
      if (outcome instanceof Error) await rig.run(config);
      expect(server.content('/www'), `cut at operation ${n}`).toEqual(NEW);
      expect([server.temps(), server.open]).toEqual([[], 0]);
      expect(await rig.run(config)).toMatchObject({ uploaded: 0, deleted: 0, unchanged: 3 });
    }
  }
});

test('download: every operation cut once, and once for good', async () => {
  const config = { direction: 'download', delete: true, parallel: 2 };
  const make = () => {
    const server = new FakeServer();
    for (const [path, data] of Object.entries(NEW)) server.put(`/www/${path}`, data, T0);
    return server;
  };
  const whole = make();
  const first = await makeRig(whole);
  await first.run(config);
  for (const killAtBreak of [false, true]) {
    for (let n = 1; n <= whole.operations; n++) {
      const server = make();
      const rig = await makeRig(server);
      await write(rig.site, OLD, T0 - 50_000);
      Object.assign(server, { breakAt: n, killAtBreak });
      const outcome = await rig.run(config).catch(error => error);
      if (outcome instanceof Error) {
        expect(outcome).toMatchObject({ retry: 'reconnect' });
        for (const [path, data] of Object.entries(await read(rig.site))) {
          expect([OLD[path as keyof typeof OLD], NEW[path as keyof typeof NEW]]).toContain(data);
        }
      }
      Object.assign(server, { breakAt: 0, dead: false });
      if (outcome instanceof Error) await rig.run(config);
      expect(await read(rig.site), `cut at operation ${n}`).toEqual(NEW);
      expect((await readdir(rig.site, { recursive: true })).filter(name => name.includes('.postrider-'))).toEqual([]);
      expect(server.open).toBe(0);
    }
  }
});
