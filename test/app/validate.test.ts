// Which files `validate` and `run` take for jobs: what is no file keeps nobody waiting, and the others from nothing.
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { validateFiles } from '../../src/app/validate.ts';
import { findJob } from '../../src/job/job-files.ts';
import { execFileSync } from '../support/sync-child.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';

let folder: TempDir;
beforeEach(async () => {
  folder = await tempDir();
  await writeFile(join(folder.path, 'right.yaml'), 'steps: [{ id: a, run: date }]\n');
});
afterEach(() => folder.remove());

const validate = () => validateFiles([folder.path], { cwd: folder.path, jobsDir: '', stateDir: '', host: '', env: {} });

it('reports a link that leads nowhere as a problem of that file', async () => {
  await symlink('/nowhere/at/all', join(folder.path, 'link.yaml'));
  const [link, right] = await validate();
  expect(link).toMatchObject({ file: 'link.yaml', valid: false, diagnostics: [{ code: 'file-missing' }] });
  expect(right).toMatchObject({ file: 'right.yaml', valid: true });
});

it.skipIf(process.platform === 'win32')('does not wait for a pipe that nobody writes to', async () => {
  execFileSync('mkfifo', [join(folder.path, 'pipe.yaml')]);
  expect((await validate()).map(({ file }) => file)).toEqual(['right.yaml']);
});

it('reports the second file of one name: the scheduler would not run it', async () => {
  await writeFile(join(folder.path, 'second.yaml'), 'steps: [{ id: a, run: date }]\nname: right\n');
  const [right, second] = await validate();
  expect(right?.valid).toBe(true);
  expect(second).toMatchObject({
    valid: false,
    diagnostics: [
      { code: 'duplicate-name', message: 'the name right is taken by right.yaml', range: { start: { line: 2, column: 7 } } },
    ],
  });
});

it('calls a folder a folder', async () => {
  const path = join(folder.path, 'sub.yaml');
  await mkdir(path);
  await expect(findJob(path, folder.path)).rejects.toMatchObject({
    code: 'job-missing',
    message: `${path} is a folder, not a job file`,
  });
});
