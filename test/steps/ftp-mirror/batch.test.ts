// How many questions a session is handed at once.
import { expect, test } from 'vitest';
import type { FtpClient } from '../../../src/protocols/ftp/index.ts';
import { Batch } from '../../../src/steps/ftp-mirror/batch.ts';
import type { Pool } from '../../../src/steps/ftp-mirror/pool.ts';

test('a thousand questions of one turn go out in full windows, none of which waits for those of other sessions', async () => {
  const shares: number[] = [];
  let asked = 0;
  let answered = 0;
  const client = {
    soon: {
      size: async () => {
        asked += 1;
        return asked;
      },
    },
    flush: async () => {
      shares.push(asked - answered);
      answered = asked;
    },
    pipelines: true,
  } as unknown as FtpClient;
  const pool = { lanes: 4, use: (work: (one: FtpClient) => Promise<unknown>) => work(client) } as unknown as Pool;
  const batch = new Batch(pool);
  const sizes = await Promise.all(Array.from({ length: 1_000 }, (_, n) => batch.soon(soon => soon.size(`f${n}`))));
  expect(new Set(sizes).size).toBe(1_000);
  expect(shares).toEqual([150, 150, 150, 150, 150, 150, 100]);
});
