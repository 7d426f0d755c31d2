// A file that only changed its place is renamed on the server, not sent again; what is no proof of that is sent.
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type FakeOptions, FakeServer, refusedError } from '../fake-server.ts';
import { makeRig, read, T0, write } from '../rig.ts';

const SITE = { 'old/photo.jpg': 'pixels', 'old/twin1': 'same', 'old/twin2': 'same', keep: 'k', 'old/empty': '' };

async function deployed(config: Record<string, unknown>, options: FakeOptions = {}) {
  const server = new FakeServer(options);
  const rig = await makeRig(server);
  for (const [n, [path, content]] of Object.entries(SITE).entries())
    await write(rig.site, { [path]: content }, T0 + (n === 2 ? 1 : n) * 60_000);
  await rig.run(config);
  await mkdir(join(rig.site, 'new'));
  server.log.length = 0;
  const stored = () => server.log.filter(what => what.startsWith('STOR'));
  const content = () => Object.fromEntries(Object.entries(server.content('/www')).filter(([path]) => !path.includes('manifest')));
  return { server, rig, stored, content };
}

const UP = { direction: 'upload', delete: true };

test.each([{}, { commit: 'end' }, { compare: 'manifest' }, { compare: 'manifest', commit: 'end' }])('%j: moved', async more => {
  const { rig, stored, content } = await deployed({ ...UP, ...more });
  await rename(join(rig.site, 'old/photo.jpg'), join(rig.site, 'new/photo.jpg'));
  expect((await rig.preview({ ...UP, ...more })).actions).toEqual([
    { action: 'mkdir', target: 'new/' },
    { action: 'rename', target: 'new/photo.jpg', reason: 'renamed from old/photo.jpg' },
  ]);
  expect(await rig.run({ ...UP, ...more })).toMatchObject({ uploaded: 0, renamed: 1, deleted: 0, bytes: 0, unchanged: 4 });
  expect(content()).toEqual(await read(rig.site));
  expect(stored()).toHaveLength('compare' in more ? 1 : 0);
  expect(await rig.run({ ...UP, ...more })).toMatchObject({ uploaded: 0, renamed: 0, unchanged: 5 });
});

test('listed by the minute: what may have moved is asked for its time, and nothing else is', async () => {
  const { server, rig, stored, content } = await deployed(UP, { precisionMs: 60_000 });
  for (const name of ['photo.jpg', 'empty']) await rename(join(rig.site, 'old', name), join(rig.site, 'new', name));
  await rm(join(rig.site, 'old/twin1'));
  const asked = () => server.log.filter(what => /^MDTM .*(photo|empty|twin1)/.test(what));
  const plan = await rig.preview(UP);
  expect(asked()).toEqual(['MDTM /www/old/photo.jpg']);
  expect(plan.actions).toContainEqual({ action: 'rename', target: 'new/photo.jpg', reason: 'renamed from old/photo.jpg' });
  expect(await rig.run(UP)).toMatchObject({ uploaded: 1, renamed: 1, deleted: 2 });
  expect(stored()).toHaveLength(1);
  expect(content()).toEqual(await read(rig.site));
});

test('size and time under another name, or no size, are no proof; the same content is', async () => {
  for (const [more, renamed] of [
    [{}, 0],
    [{ compare: 'manifest' }, 3],
  ] as const) {
    const { rig, content } = await deployed({ ...UP, ...more });
    for (const name of ['twin1', 'twin2', 'empty'])
      await rename(join(rig.site, 'old', name), join(rig.site, 'new', `${name}.moved`));
    expect(await rig.run({ ...UP, ...more })).toMatchObject({ renamed, uploaded: 3 - renamed });
    expect(content()).toEqual(await read(rig.site));
  }
});

test('without `delete`, for `last`, on a server that keeps no times, and for a file that was changed there: sent', async () => {
  const cases: [Record<string, unknown>, FakeOptions, ((server: FakeServer) => void)?][] = [
    [{ direction: 'upload' }, {}],
    [{ ...UP, last: ['*.jpg'] }, {}],
    [UP, { setsTimes: false }],
    [{ ...UP, compare: 'manifest' }, {}, server => server.put('/www/old/photo.jpg', 'PIXELS!')],
  ];
  for (const [config, options, change] of cases) {
    const { rig, server } = await deployed(config, options);
    change?.(server);
    await rename(join(rig.site, 'old/photo.jpg'), join(rig.site, 'new/photo.jpg'));
    expect(await rig.run(config)).toMatchObject({ uploaded: 1, renamed: 0 });
    expect(server.content('/www')['new/photo.jpg']).toBe('pixels');
  }
});

test.each(['each', 'end'])('commit %s: what the server will not rename is sent, and the old one deleted', async commit => {
  const { server, rig, content } = await deployed(UP);
  await rename(join(rig.site, 'old/photo.jpg'), join(rig.site, 'new/photo.jpg'));
  let refusals = 0;
  server.refuse = what =>
    what === 'RNTO /www/new/photo.jpg' && refusals++ === 0 ? refusedError('path-refused', '550') : undefined;
  expect(await rig.run({ ...UP, commit })).toMatchObject({ uploaded: 1, renamed: 0, deleted: 1 });
  expect(content()).toEqual(await read(rig.site));
});

test('cut at every operation and run again: nothing is lost', async () => {
  for (let at = 1; ; at++) {
    const { server, rig, content } = await deployed({ ...UP, compare: 'manifest' });
    await rename(join(rig.site, 'old/photo.jpg'), join(rig.site, 'new/photo.jpg'));
    await rm(join(rig.site, 'keep'));
    const before = server.operations;
    server.killAtBreak = true;
    server.breakAt = before + at;
    const outcome = await rig.run({ ...UP, compare: 'manifest', parallel: 1 }).catch(error => error);
    server.dead = false;
    server.breakAt = 0;
    await rig.run({ ...UP, compare: 'manifest', parallel: 1 });
    expect(content()).toEqual(await read(rig.site));
    expect(server.temps().filter(path => !path.includes('manifest'))).toEqual([]);
    if (!(outcome instanceof Error)) return;
  }
});
