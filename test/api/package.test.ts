// What is published: the program, its types, the example jobs, the documentation, and nothing else.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const BELONGS =
  /^(bin\/(postrider|load)\.js|dist\/api\/.*\.js|dist\/.*\.d\.ts|dist\/cli\/(build-id|.*\.cjs)|dist\/postrider\.1|dist\/licenses\.txt|docs\/[a-z-]+\.md|jobs\/[a-z-]+\.(yaml|schema\.json)|oclif\.manifest\.json|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/;

it('the package holds nothing that does not belong', async () => {
  const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root });
  const said = JSON.parse(stdout) as unknown;
  const [packed] = Object.values(said as Record<string, { files: { path: string }[] }>);
  const paths = packed?.files.map(({ path }) => path) ?? [];
  expect(paths).toEqual(
    expect.arrayContaining([
      'bin/postrider.js',
      'dist/postrider.1',
      'dist/licenses.txt',
      'dist/api/index.js',
      'dist/api/index.d.ts',
      'oclif.manifest.json',
    ]),
  );
  expect(paths.filter(path => !BELONGS.test(path))).toEqual([]);
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const pages = [...readme.matchAll(/\]\((docs\/[^)#]+)/g)].map(([, page]) => page);
  expect(pages.length).toBeGreaterThan(5);
  expect(paths).toEqual(expect.arrayContaining(pages));
});

it('says whose what it is made of is', async () => {
  const licenses = await readFile(join(root, 'dist/licenses.txt'), 'utf8');
  for (const name of ['@oclif/core', 'listr2', 'nodemailer', 'yaml', 'zod'])
    expect(licenses).toMatch(new RegExp(`^${name} \\d[\\d.]+ \\([\\w-]+\\)\\n\\n\\S`, 'm'));
});

it('exports what src/api says, and none of its insides', async () => {
  const script = "import('postrider').then(all => console.log(Object.keys(all).join()))";
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { cwd: root });
  expect(stdout.trim()).toBe('AppError,BrokenSessionError,FtpClient,Pop3Client,RefusedError,SmtpClient');
});
