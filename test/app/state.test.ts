import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openStore } from '../../src/app/state.ts';
import { systemClock } from '../../src/core/clock.ts';

let folder = '';

afterEach(() => rm(folder, { recursive: true, force: true }));

async function open(...below: string[]) {
  folder = await mkdtemp(join(tmpdir(), 'state-'));
  await writeFile(join(folder, 'file'), '');
  const stateDir = below[0]?.startsWith('/') ? below[0] : join(folder, ...below);
  return openStore({ cwd: folder, jobsDir: folder, stateDir, host: 'here', env: {} }, systemClock);
}

describe('openStore', () => {
  it('makes the folder and those above it', async () => {
    await (await open('a', 'b', 'c')).close();
  });

  it.each([
    ['a file in the way', ['file'], 'a file stands where a folder is wanted'],
    ['a file on the way', ['file', 'state'], 'a file stands where a folder is wanted'],
    ['a place where nothing can be made', ['/proc/postrider/state'], '/proc'],
  ])('refuses %s', async (_, below, message) => {
    await expect(open(...below)).rejects.toMatchObject({ code: 'store-unusable', message: expect.stringContaining(message) });
  });
});
