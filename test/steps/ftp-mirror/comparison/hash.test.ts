// compare: hash and verify: hash, in every algorithm that servers make, both ways, and where a server makes none.
import { expect, test } from 'vitest';
import { FakeServer } from '../fake-server.ts';
import { makeRig, read, T0, write } from '../rig.ts';

test.each([
  'sha256',
  'sha512',
  'sha1',
  'md5',
  'crc32',
] as const)('%s: only other content is sent, whatever the times say', async hashes => {
  const server = new FakeServer({ hashes });
  const rig = await makeRig(server);
  await write(rig.site, { same: 'equal', touched: 'as it was', changed: 'new bytes' }, T0);
  server
    .put('/www/same', 'equal', T0)
    .put('/www/touched', 'as it was', T0 - 99_000_000)
    .put('/www/changed', 'old bytes', T0);
  const config = { direction: 'upload', compare: 'hash', verify: 'hash' };
  const { actions } = await rig.preview(config);
  expect(actions).toEqual([{ action: 'upload', target: 'changed', reason: 'different hash', bytes: 9 }]);
  expect(await rig.run(config)).toMatchObject({ uploaded: 1, unchanged: 2 });
  expect(server.content('/www')).toEqual({ same: 'equal', touched: 'as it was', changed: 'new bytes' });
  expect(await rig.run({ ...config, direction: 'download', local: 'copy' })).toMatchObject({ downloaded: 3 });
  await write(`${rig.folder}/copy`, { same: 'EQUAL' }, T0);
  expect(await rig.run({ ...config, direction: 'download', local: 'copy' })).toMatchObject({ downloaded: 1, unchanged: 2 });
  expect(await read(`${rig.folder}/copy`)).toEqual(server.content('/www'));
});

test.each([
  [{ compare: 'hash' }, /compare: hash needs a server/, /compare: manifest/],
  [{ verify: 'hash' }, /verify: hash needs a server/, /verify: size/],
])('a server without checksums: %o is refused before anything is changed', async (config, message, hint) => {
  const server = new FakeServer().put('/www/a', 'x');
  const rig = await makeRig(server);
  await write(rig.site, { a: 'y' });
  const refusal = { code: 'hash-unavailable', message: expect.stringMatching(message), hint: expect.stringMatching(hint) };
  await expect(rig.run({ direction: 'upload', ...config })).rejects.toMatchObject(refusal);
  await expect(rig.preview({ direction: 'download', ...config })).rejects.toMatchObject(refusal);
  expect(server.content('/www')).toEqual({ a: 'x' });
});

test.each([
  true,
  false,
])('a file that arrives damaged is never published (atomic: %s), and comes whole the next time', async atomic => {
  const server = new FakeServer({ hashes: 'sha256' }).put('/www/a', 'old');
  const rig = await makeRig(server);
  await write(rig.site, { a: 'content' });
  let damage = true;
  server.before = what => {
    if (!damage || !what.startsWith('226')) return;
    for (const [path, file] of server.files) if (path.startsWith('/www/')) file.data = Buffer.from('CONTENT');
    damage = false;
  };
  const config = { direction: 'upload', verify: 'hash', atomic };
  await expect(rig.run(config)).rejects.toMatchObject({ code: 'mirror-incomplete', retry: 'later' });
  if (atomic) expect(server.temps()).toEqual([]);
  expect(await rig.run({ ...config, compare: 'hash' })).toMatchObject({ uploaded: 1 });
  expect(server.content('/www')).toEqual({ a: 'content' });
});

test('a download that arrives damaged is thrown away', async () => {
  const server = new FakeServer({ hashes: 'md5' }).put('/www/a', 'content');
  const rig = await makeRig(server);
  server.before = what => void (what.startsWith('HASH') && server.put('/www/a', 'CONTENT'));
  await expect(rig.run({ direction: 'download', verify: 'hash' })).rejects.toMatchObject({ code: 'mirror-incomplete' });
  expect(await read(rig.site)).toEqual({});
});

test('a continued upload is hashed whole', async () => {
  const server = new FakeServer({ hashes: 'sha1', chunkBytes: 4 });
  const rig = await makeRig(server);
  await write(rig.site, { a: 'x'.repeat(300_000) });
  server.breakAt = 12;
  server.killAtBreak = true;
  await expect(rig.run({ direction: 'upload', verify: 'hash', parallel: 1 })).rejects.toThrow();
  server.dead = false;
  expect(await rig.run({ direction: 'upload', verify: 'hash', parallel: 1 })).toMatchObject({ uploaded: 1 });
  expect(server.content('/www')).toEqual({ a: 'x'.repeat(300_000) });
});
