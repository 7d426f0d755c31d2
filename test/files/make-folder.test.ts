import { existsSync } from 'node:fs';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeFolder } from '../../src/files/make-folder.ts';
import { tempDir } from '../support/temp-dir.ts';

const temp = await tempDir();
afterAll(temp.remove);
const here = (...names: readonly string[]) => join(temp.path, ...names);

describe('makeFolder', () => {
  it('makes what is missing, says what was topmost, and leaves what is there', async () => {
    expect(await makeFolder(here('a', 'b', 'c'), { mode: 0o700 })).toBe(here('a'));
    expect((await stat(here('a', 'b'))).mode & 0o777).toBe(0o700);
    expect(await makeFolder(here('a', 'b', 'c'))).toBeUndefined();
    expect(await makeFolder(here('a', 'x'))).toBe(here('a', 'x'));
  });

  it('bears two that make the same at once', async () => {
    await Promise.all(Array.from({ length: 20 }, () => makeFolder(here('p', 'q', 'r'))));
    expect(existsSync(here('p', 'q', 'r'))).toBe(true);
  });

  it('refuses below a file', async () => {
    await writeFile(here('f'), '');
    await expect(makeFolder(here('f', 'g'))).rejects.toMatchObject({ code: 'EEXIST', path: here('f') });
  });

  it.runIf(process.platform === 'linux')('refuses where nothing can be made, without hanging', async () => {
    await expect(makeFolder('/proc/postrider/deep/er')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
