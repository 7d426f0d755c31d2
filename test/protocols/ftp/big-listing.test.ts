// A folder of 100,000 entries is listed in a thread that may use 64 MB, by MLSD and by LIST.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { FakeServer } from './fake-server.ts';

const COUNT = 100_000;
const HEAP_MB = 64;

test.each([
  [
    'MLSD',
    '211-Features\r\n MLST type*;size*;modify*;\r\n211 End',
    (n: number) => `type=file;size=${n};modify=20260102030405;perm=adfrw; file number ${n}.txt`,
  ],
  ['LIST', '211 none', (n: number) => `-rw-r--r--    1 0        0        ${n} Nov 26 04:28 file number ${n}.txt`],
] as const)('by %s', async (verb, features, line) => {
  const server = new FakeServer({
    FEAT: features,
    [verb]: async peer => {
      peer.reply('150 here');
      const data = await peer.data();
      for (let n = 0; n < COUNT; n += 1_000)
        await data.write(Buffer.from(Array.from({ length: 1_000 }, (_, index) => `${line(n + index)}\r\n`).join('')));
      await data.end();
      peer.reply('226 done');
    },
  });
  try {
    const port = await server.listen();
    const worker = new Worker(new URL('big-listing.worker.ts', import.meta.url), {
      workerData: { port },
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    const [answer] = await once(worker, 'message');
    expect(answer).toEqual({ count: COUNT, bytes: (COUNT * (COUNT - 1)) / 2 });
  } finally {
    await server.stop();
  }
});
