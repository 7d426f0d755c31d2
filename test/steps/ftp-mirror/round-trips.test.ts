// What small files cost over one session, in round trips, against the sandbox's server: a lost optimisation fails here.
// Without TLS on its data connections (`protection: control`) it costs what plain FTP does.
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { nextTurn, systemClock } from '../../../src/core/clock.ts';
import { connectFtp } from '../../../src/protocols/ftp/index.ts';
import { dial } from '../../../src/protocols/net/dial.ts';
import { FTP_ANSWERS, RoundTrips } from '../../support/round-trips.ts';
import { makeRig, read, write } from './rig.ts';
import { sandboxFtp } from './sandbox-rig.ts';

const FEW = 10;
const MORE = 40;

async function world(protection: 'private' | 'control') {
  const sandbox = await sandboxFtp({ tls: 'explicit' });
  const endpoint = { ...sandbox.endpoint, protection };
  const trips = new RoundTrips(FTP_ANSWERS);
  const rig = await makeRig({
    connect: (_, options) => connectFtp(endpoint, { ...options, dial: trips.over(dial), clock: trips.clock }),
  });
  const connectNearby = () => connectFtp(endpoint, { dial, clock: { ...systemClock, elapsed: () => 0 } });
  return { rig, trips, served: join(sandbox.siteDir, 'www'), connectNearby };
}

/** Round trips of a mirror of so many files over one session. */
async function tripsOf(files: number, protection: 'private' | 'control', direction: 'upload' | 'download'): Promise<number> {
  const { rig, trips, served } = await world(protection);
  const tree = Object.fromEntries(Array.from({ length: files }, (_, index) => [`f${index}`, `${index}`.padEnd(2_048, 'x')]));
  const [from, to] = direction === 'upload' ? [rig.site, served] : [served, rig.site];
  await write(from, tree);
  expect(await rig.run({ direction, parallel: 1 })).toMatchObject({ failed: 0, bytes: files * 2_048 });
  expect(await read(to)).toEqual(tree);
  return trips.count;
}

test.each([
  ['upload', 'control', 3.1],
  ['upload', 'private', 4.1],
  ['download', 'control', 3.1],
  ['download', 'private', 4.1],
] as const)('%s, protection %s: at most %d round trips for one more atomic file of 2 KB', async (direction, protection, most) => {
  const perFile = ((await tripsOf(MORE, protection, direction)) - (await tripsOf(FEW, protection, direction))) / (MORE - FEW);
  expect(perFile).toBeLessThanOrEqual(most);
  expect(perFile).toBeGreaterThanOrEqual(2);
});

test.each([
  ['control', true],
  ['private', false],
] as const)('protection %s: a listing nearby costs next to nothing: %s', async (protection, expected) => {
  const { connectNearby } = await world(protection);
  const client = await connectNearby();
  expect(client.listsExactly).toBe(expected);
  await client.quit();
});

test('no listener is left on any socket or stream: Node warns of nothing', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on('warning', note);
  onTestFinished(() => void process.off('warning', note));
  for (const direction of ['upload', 'download'] as const) await tripsOf(MORE, 'private', direction);
  await nextTurn();
  expect(warnings).toEqual([]);
});

test('three hundred folders are made, and six hundred things deleted, in windows', async () => {
  const { rig, trips, served } = await world('private');
  for (let n = 0; n < 300; n++) await mkdir(join(rig.site, `d${n}`));
  await rig.run({ direction: 'upload', parallel: 1 });
  expect(await readdir(served)).toHaveLength(300);
  expect(trips.count).toBeLessThan(30);
  for (let n = 0; n < 300; n++) await rm(join(rig.site, `d${n}`), { recursive: true });
  await write(served, Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`f${n}`, 'x'])));
  const before = trips.count;
  expect(await rig.run({ direction: 'upload', parallel: 1, delete: true, 'allow-empty': true })).toMatchObject({ deleted: 300 });
  expect(await readdir(served)).toEqual([]);
  const listings = 301 * 4;
  expect(trips.count - before - listings).toBeLessThan(40);
});
