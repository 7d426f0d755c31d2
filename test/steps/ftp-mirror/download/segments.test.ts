// A large file over several sessions: split, resumed, refused, cut; what lies on the disk meanwhile is never taken for the file.
import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  readTrailer,
  Segments,
  SPLIT_BYTES_MIN,
  TRAILER_BYTES_MAX,
  trailerOf,
} from '../../../../src/steps/ftp-mirror/download/segments.ts';
import { FUZZ_SEED } from '../../../support/splits.ts';
import { sandboxRig } from '../sandbox-rig.ts';

describe('Segments', () => {
  test('whatever order the parts are taken and done in, every byte is fetched once', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.array(fc.tuple(fc.nat(7), fc.nat(20)), { maxLength: 300 }),
        (megabytes, steps) => {
          const size = megabytes * 1024 * 1024;
          const segments = new Segments([[0, size]]);
          const taken: ReturnType<typeof segments.take>[] = [];
          let fetched = 0;
          for (const [who, amount] of steps) {
            taken[who] ??= segments.take();
            const segment = taken[who];
            if (segment === undefined) continue;
            const bytes = Math.min(amount * 1024 * 1024, segment.end - segment.position);
            segment.position += bytes;
            fetched += bytes;
            if (segment.position < segment.end) continue;
            segment.active = false;
            taken[who] = undefined;
          }
          expect(fetched + segments.left).toBe(size);
          const edges = [...segments.missing].sort(([a], [b]) => a - b);
          for (const [index, [start, end]] of edges.entries())
            expect(start <= end && end <= (edges[index + 1]?.[0] ?? size)).toBe(true);
        },
      ),
      { seed: FUZZ_SEED },
    );
  });

  test('nothing small is split, and never into more parts than a trailer holds', () => {
    const small = new Segments([[0, 2 * SPLIT_BYTES_MIN - 1]]);
    expect(small.take()).toMatchObject({ position: 0 });
    expect(small.take()).toBeUndefined();
    const huge = new Segments([[0, 2 ** 50]]);
    let parts = 0;
    while (huge.take() !== undefined) parts += 1;
    expect(parts).toBe(64);
    expect(trailerOf(huge.missing).length).toBeLessThan(TRAILER_BYTES_MAX);
  });

  test('a trailer says what it was told, and nothing else is one', () => {
    expect(
      readTrailer(
        Buffer.concat([
          trailerOf([
            [0, 5],
            [9, 10],
          ]),
          Buffer.alloc(50),
        ]),
        10,
      ),
    ).toEqual([
      [0, 5],
      [9, 10],
    ]);
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.alloc(4_096),
      Buffer.from('x'.repeat(99)),
      Buffer.from(String(trailerOf([[0, 5]])).replace('5', '6')),
      trailerOf([[0, 11]]),
      trailerOf([[6, 5]]),
    ])
      expect(readTrailer(bytes, 10)).toBeUndefined();
  });
});

const SIZE = 40 * 1024 * 1024;
const CONTENT = randomBytes(SIZE);

async function world(faults: readonly string[] = []) {
  const { rig, www, said, calm } = await sandboxRig(faults);
  await writeFile(join(www, 'big'), CONTENT);
  // Every look at the clock is a second later, so that one session alone soon seems slow.
  rig.clock.elapsed = () => {
    rig.clock.time += 1_000;
    return rig.clock.time;
  };
  return { rig, said, run: () => rig.run({ direction: 'download', parallel: 4 }), calm };
}

const offsets = (said: readonly string[]) => said.filter(line => line.startsWith('REST')).map(line => Number(line.slice(5)));

test('comes in parts, whole, with nothing behind its end', async () => {
  const { rig, said, run } = await world();
  expect(await run()).toMatchObject({ downloaded: 1, failed: 0, bytes: SIZE });
  expect((await readFile(join(rig.site, 'big'))).equals(CONTENT)).toBe(true);
  expect(new Set(offsets(said)).size).toBeGreaterThanOrEqual(1);
  expect(await readdir(rig.site)).toEqual(['big']);
});

test('a session that breaks costs its part a second try, not the file', async () => {
  const { rig, run } = await world(['ftp:data#2@1MB=reset', 'ftp:RETR#3=cut']);
  expect(await run()).toMatchObject({ downloaded: 1, failed: 0 });
  expect((await readFile(join(rig.site, 'big'))).equals(CONTENT)).toBe(true);
});

test('stopped in the middle, it goes on with what is missing, and what lay there looked like no file', async () => {
  // Less than the smallest part: whoever is how quick, no session gets through its part.
  const { rig, said, run, calm } = await world(['ftp:data#*@2MB=cut']);
  await expect(run()).rejects.toMatchObject({ retry: 'reconnect' });
  const [temporary = ''] = await readdir(rig.site);
  expect(temporary).toMatch(/^\.postrider-.*\.part$/);
  expect((await stat(join(rig.site, temporary))).size).toBeGreaterThan(SIZE);
  calm();
  said.length = 0;
  const again = await run();
  expect(again).toMatchObject({ downloaded: 1, failed: 0 });
  expect(again.bytes).toBeLessThan(SIZE);
  expect((await readFile(join(rig.site, 'big'))).equals(CONTENT)).toBe(true);
  expect(await readdir(rig.site)).toEqual(['big']);
});

test('a server that does not begin in the middle sends it in one piece', async () => {
  const { rig, run } = await world(['ftp:REST#*=reply:502 no']);
  expect(await run()).toMatchObject({ downloaded: 1, failed: 0 });
  expect((await readFile(join(rig.site, 'big'))).equals(CONTENT)).toBe(true);
});
