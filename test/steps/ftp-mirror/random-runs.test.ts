// Random trees, settings and faults against the sandbox. SEEDS=200 SEED=1 runs more of them; a failure names its seed and what was done.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { history } from './random-runs.ts';
import { sandboxFtp } from './sandbox-rig.ts';

const SEEDS = Number(process.env['SEEDS'] ?? 4);
const FIRST = Number(process.env['SEED'] ?? 1);
const SEED_LIST = Array.from({ length: SEEDS }, (_, index) => FIRST + index);

describe.each([false, true])('trees that change at random, manifest: %s', manifest => {
  test.each(SEED_LIST)('seed %i', { timeout: 120_000 }, async seed => {
    const { endpoint, siteDir, weather } = await sandboxFtp();
    const www = join(siteDir, 'www');
    mkdirSync(www, { recursive: true });
    expect(await history(seed, { endpoint: { ...endpoint, timeoutMs: 3_000 }, www, weather, manifest })).toBe('');
  });
});
