// What a small file costs in promises, each with its microtasks and its garbage: a mirror of thousands does little else, so a lost
// optimisation fails here. Node counts by thread, and the server has one of its own.
import { createHook } from 'node:async_hooks';
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { Secret } from '../../../src/core/secret.ts';
import { connectFtp } from '../../../src/protocols/ftp/index.ts';
import { dial } from '../../../src/protocols/net/dial.ts';
import { makeRig, read, temporaryFolder, write } from './rig.ts';

const FEW = 20;
const MORE = 120;

/** Promises made by a mirror of so many files over one session in clear. */
async function promisesOf(files: number, direction: 'upload' | 'download'): Promise<number> {
  const siteDir = join(await temporaryFolder(), 'served');
  const worker = new Worker(new URL('promises.worker.ts', import.meta.url), { workerData: { siteDir, password: 'x' } });
  onTestFinished(() => void worker.terminate());
  const [port] = (await once(worker, 'message')) as [number];
  const endpoint = { name: 'x', type: 'ftp', host: '127.0.0.1', port, tls: 'none', user: 'u', timeoutMs: 20_000 } as const;
  const rig = await makeRig({
    connect: (_, options) =>
      connectFtp({ ...endpoint, password: new Secret('x') }, { ...options, opening: undefined, dial, clock: systemClock }),
  });
  const tree = Object.fromEntries(Array.from({ length: files }, (_, n) => [`f${n}`, `${n}`.padEnd(2_048, 'x')]));
  const www = join(siteDir, 'www');
  const [source, target] = direction === 'upload' ? [rig.site, www] : [www, rig.site];
  await write(source, tree);
  let promises = 0;
  const hook = createHook({
    init(_, type) {
      if (type === 'PROMISE') promises += 1;
    },
  });
  hook.enable();
  const outputs = await rig.run({ direction, parallel: 1 });
  hook.disable();
  expect(outputs).toMatchObject({ failed: 0, bytes: files * 2_048 });
  expect(await read(target)).toEqual(tree);
  return promises;
}

test.each([
  ['upload', 20],
  ['download', 10],
] as const)('%s: at most %d promises for one more file of 2 KB', async (direction, most) => {
  const perFile = ((await promisesOf(MORE, direction)) - (await promisesOf(FEW, direction))) / (MORE - FEW);
  expect(perFile).toBeLessThanOrEqual(most);
});
