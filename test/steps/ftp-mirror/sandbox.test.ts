// The step through the real client against the sandbox's FTP server, over TLS, with cuts in the middle.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { connectFtp } from '../../../src/protocols/ftp/index.ts';
import { dial } from '../../../src/protocols/net/dial.ts';
import type { Telling } from '../../../src/steps/step.ts';
import { makeRig, read, settings, T0, write } from './rig.ts';
import { sandboxFtp } from './sandbox-rig.ts';

async function world(faults: readonly string[] = []) {
  const { endpoint, siteDir, weather } = await sandboxFtp({ tls: 'explicit' });
  weather(...faults);
  const rig = await makeRig({ connect: (_, options) => connectFtp(endpoint, { ...options, dial, clock: systemClock }) });
  return { rig, siteDir };
}

const TREE = {
  'index.html': '<p>hello</p>',
  empty: '',
  'css/a b.css': 'body {}',
  'deep/er/ünï 文.txt': 'text',
  'big.bin': 'abcdefgh'.repeat(100_000),
};

test('upload, again, changed, with delete; then down into another folder', async () => {
  const { rig, siteDir } = await world();
  await write(rig.site, TREE);
  const config = { direction: 'upload', delete: true, last: ['*.html'] };
  expect(await rig.run(config)).toMatchObject({ uploaded: 5, failed: 0 });
  expect(await read(join(siteDir, 'www'))).toEqual(TREE);
  expect(await rig.run(config)).toMatchObject({ uploaded: 0, deleted: 0, unchanged: 5 });
  await write(rig.site, { 'index.html': '<p>HELLO</p>' }, T0 + 60_000);
  await write(siteDir, { 'www/extra/file': 'x' });
  expect((await rig.preview(config)).actions.map(({ action, target }) => `${action} ${target}`)).toEqual([
    'upload index.html',
    'delete extra/file',
    'delete extra/',
  ]);
  expect(await rig.run(config)).toMatchObject({ uploaded: 1, deleted: 1, unchanged: 4 });
  expect(await read(join(siteDir, 'www'))).toEqual(await read(rig.site));
  const down = { direction: 'download', local: 'copy', delete: true };
  expect(await rig.run(down)).toMatchObject({ downloaded: 5 });
  expect(await read(join(rig.folder, 'copy'))).toEqual(await read(rig.site));
  expect(await rig.run(down)).toMatchObject({ downloaded: 0, unchanged: 5 });
});

test.each([
  '/www',
  'www',
  '.',
])('a lock in %s, absolute or relative, is made without waiting and gone at the end', async remote => {
  const { rig, siteDir } = await world();
  await write(rig.site, { ...TREE, ...Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`folder${n}/file`, 'x'])) });
  for (const config of [{}, { commit: 'end' }, { compare: 'manifest' }])
    await rig.run({ direction: 'upload', remote, ...config });
  expect(rig.clock.now()).toBe(T0);
  expect((await readdir(siteDir, { recursive: true })).filter(name => name.includes('lock'))).toEqual([]);
});

test.each([
  'ftp:data#3=cut',
  'ftp:STOR#2@300000=cut',
  'ftp:RNTO#1=cut',
  'ftp:MKD#2=cut',
  'ftp:PASS#2=reply:530 too many',
  'ftp:PROT#1=reply:503 PBSZ comes first',
  'ftp:EPSV#4=reply:421 bye',
])('bad weather: %s', async fault => {
  const { rig, siteDir } = await world([fault]);
  await write(rig.site, TREE);
  const outcome = await rig.run({ direction: 'upload' }).catch(error => error);
  if (outcome instanceof Error) await rig.run({ direction: 'upload' });
  expect(await read(join(siteDir, 'www'))).toEqual(TREE);
  const left = await readdir(siteDir, { recursive: true });
  expect(left.filter(name => name.includes('.postrider-'))).toEqual([]);
});

test('abort in the middle of an upload over TLS ends it; the next run continues', async () => {
  const { rig, siteDir } = await world();
  await write(rig.site, TREE);
  const config = settings({ direction: 'upload', parallel: 1 });
  const progress = (telling: Telling) => {
    const { bytes = 0 } = typeof telling === 'function' ? telling() : telling;
    if (bytes > 200_000) rig.abort.abort();
  };
  await expect(rig.step.run(config, { ...rig.context, progress })).rejects.toMatchObject({ code: 'cancelled' });
  expect(Object.keys(await read(siteDir))).not.toContain('www/big.bin');
  await rig.step.run(config, { ...rig.context, signal: new AbortController().signal });
  expect(await read(join(siteDir, 'www'))).toEqual(TREE);
  expect((await readdir(siteDir, { recursive: true })).filter(name => name.includes('.postrider-'))).toEqual([]);
});
