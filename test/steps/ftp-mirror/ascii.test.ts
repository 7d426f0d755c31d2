// ascii: text gets the line ends of the receiving side, both ways; its sizes differ and decide nothing.
import { expect, test } from 'vitest';
import { FakeServer } from './fake-server.ts';
import { makeRig, read, T0, write } from './rig.ts';

const TEXTS = {
  'a.txt': 'one\ntwo\n',
  'mixed.txt': 'one\r\ntwo\nthree\r\n\r\n',
  'none.txt': 'no end',
  'empty.txt': '',
  'data.bin': 'a\nb\r\nc',
};
const CONFIG = { direction: 'upload', ascii: ['*.txt'] };

test.each([
  ['lf', { 'a.txt': 'one\ntwo\n', 'mixed.txt': 'one\ntwo\nthree\n\n' }],
  ['crlf', { 'a.txt': 'one\r\ntwo\r\n', 'mixed.txt': 'one\r\ntwo\r\nthree\r\n\r\n' }],
] as const)('to a server that stores %s, again, changed, and back', async (lineEnds, stored) => {
  const server = new FakeServer({ lineEnds });
  const rig = await makeRig(server);
  await write(rig.site, TEXTS);
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 5, failed: 0 });
  expect(server.content('/www')).toEqual({ ...TEXTS, ...stored });
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 0, unchanged: 5 });
  await write(rig.site, { 'a.txt': 'ONE\nTWO\n' }, T0 + 60_000);
  expect((await rig.preview(CONFIG)).actions).toMatchObject([{ target: 'a.txt', reason: 'newer' }]);
  await rig.run(CONFIG);
  const down = { ...CONFIG, direction: 'download', local: 'copy' };
  expect(await rig.run(down)).toMatchObject({ downloaded: 5, failed: 0 });
  expect(await read(`${rig.folder}/copy`)).toEqual({ ...TEXTS, 'a.txt': 'ONE\nTWO\n', 'mixed.txt': 'one\ntwo\nthree\n\n' });
  expect(await rig.run(down)).toMatchObject({ downloaded: 0, unchanged: 5 });
});

test('a text that arrives short is noticed, and an interrupted one begins again', async () => {
  const server = new FakeServer();
  const rig = await makeRig(server);
  await write(rig.site, { 'a.txt': 'line\n'.repeat(50_000) });
  let cut = true;
  server.before = what => {
    if (!cut || !what.startsWith('SIZE')) return;
    cut = false;
    for (const file of server.files.values()) file.data = file.data.subarray(0, 100);
  };
  await expect(rig.run(CONFIG)).rejects.toMatchObject({ code: 'mirror-incomplete', retry: 'later' });
  server.killAtBreak = true;
  server.breakAt = server.operations + 8;
  await expect(rig.run({ ...CONFIG, parallel: 1 })).rejects.toThrow();
  server.dead = false;
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 1 });
  expect(server.content('/www')).toEqual({ 'a.txt': 'line\n'.repeat(50_000) });
  expect(server.temps()).toEqual([]);
});
