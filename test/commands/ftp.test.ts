// One-off FTP commands as processes against the sandbox.
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli } from '../support/cli.ts';
import { type Rehearsal, rehearsal, SMALL_SITE } from '../support/rehearsal.ts';

let stage: Rehearsal;
const root = () => stage.sandbox.siteDir;
const url = (path: string, query = '') =>
  `ftp://${stage.sandbox.user}@localhost:${stage.sandbox.endpoints.ftp.port}${path}?ca=${encodeURIComponent(stage.sandbox.caFile)}${query}`;

beforeAll(async () => {
  stage = await rehearsal();
  await mkdir(join(root(), 'www/css'), { recursive: true });
  await writeFile(join(root(), 'www/index.html'), 'home\n');
  await writeFile(join(root(), 'www/.hidden'), 'h');
  await writeFile(join(root(), 'www/big.bin'), Buffer.alloc(300_000, 9));
  await writeFile(join(root(), 'www/css/site.css'), 'body {}\n');
});
afterAll(() => stage.close());

describe('ftp ls', () => {
  it('lists a folder, hides names with a dot, and says what folders are', async () => {
    const { stdout, code } = await stage.cli('ftp', 'ls', '@web/www');
    expect(code).toBe(0);
    expect(stdout).toMatch(/5 .* index\.html\n/);
    expect(stdout).toMatch(/^d.* css\/$/m);
    expect(stdout).not.toContain('.hidden');
  });

  it('gives JSON of everything below that a pattern names', async () => {
    const { stdout } = await stage.cli('ftp', 'ls', '@web/w*/*.html', '--json');
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({
      version: 1,
      entries: [{ path: 'www/index.html', name: 'index.html', type: 'file', size: 5 }],
    });
  });

  it('says what is missing, and exits with 1', async () => {
    const { stderr, stdout, code } = await stage.cli('ftp', 'ls', '@web/nowhere', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout).error.code).toBe('path-missing');
    expect(stderr).toContain('nowhere: there is no such file or folder on the server');
  });
});

describe('the password', () => {
  it('comes from POSTRIDER_PASSWORD, and the transcript masks it', async () => {
    const { password } = stage.sandbox;
    const env = { POSTRIDER_PASSWORD: password };
    const { stdout, stderr, code } = await cli(['ftp', 'stat', url('/www/index.html'), '--transcript'], { cwd: stage.dir, env });
    expect(code).toBe(0);
    expect(stdout).toContain('size      5 bytes');
    expect(stderr).toContain('> PASS ****');
    expect(stderr).toContain('< 213 5');
    expect(stdout + stderr).not.toContain(password);
  });

  it('comes from stdin', async () => {
    const stdin = `${stage.sandbox.password}\n`;
    const { stdout, code } = await cli(['ftp', 'cat', url('//www/index.html'), '--password-stdin'], { cwd: stage.dir, stdin });
    expect({ stdout, code }).toEqual({ stdout: 'home\n', code: 0 });
  });

  it('that is nowhere is asked for by name: exit 4', async () => {
    const { stderr, code } = await cli(['ftp', 'ls', url('/www')], { cwd: stage.dir });
    expect(code).toBe(4);
    expect(stderr).toContain('Set POSTRIDER_PASSWORD');
  });

  it('in the URL is refused and not repeated: exit 2', async () => {
    const { stderr, code } = await cli(['ftp', 'ls', 'ftp://me:hunter22@localhost/'], { cwd: stage.dir });
    expect(code).toBe(2);
    expect(stderr).toContain('a password in the URL is refused');
    expect(stderr).not.toContain('hunter22');
  });

  it('that is wrong is refused: exit 4', async () => {
    const { stderr, code } = await cli(['ftp', 'ls', url('/www')], { cwd: stage.dir, env: { POSTRIDER_PASSWORD: 'wrong-one' } });
    expect(code).toBe(4);
    expect(stderr).not.toContain('wrong-one');
  });
});

describe('transfers', () => {
  it('put and get carry files and folders there and back, octet for octet', async () => {
    const put = await stage.cli('ftp', 'put', '--recursive', 'site', '@web/copy');
    expect(put).toMatchObject({ code: 0, stdout: '' });
    expect(put.stderr).toContain('copy/css/site.css  19 B');
    const get = await stage.cli('ftp', 'get', '-r', '@web/copy', 'back', '--json');
    expect(get.code).toBe(0);
    expect(JSON.parse(get.stdout).files).toHaveLength(Object.keys(SMALL_SITE).length);
    for (const [path, content] of Object.entries(SMALL_SITE)) {
      expect(await readFile(join(stage.dir, 'back', path))).toEqual(Buffer.from(content));
    }
  });

  it('two files of one name are not put into one folder, where the second would replace the first', async () => {
    for (const folder of ['one', 'two']) {
      await mkdir(join(root(), 'twins', folder), { recursive: true });
      await mkdir(join(stage.dir, 'twins', folder), { recursive: true });
      await writeFile(join(root(), 'twins', folder, 'a.txt'), folder);
      await writeFile(join(stage.dir, 'twins', folder, 'a.txt'), folder);
    }
    const said = { code: 2, stderr: expect.stringContaining('have one name, and would go to one folder') };
    expect(await stage.cli('ftp', 'get', '@web/twins/*/a.txt')).toMatchObject(said);
    expect(await stage.cli('ftp', 'put', 'twins/*/a.txt', '@web/twins/')).toMatchObject(said);
    expect(await stage.cli('ftp', 'shell', '@web', '-c', 'mget twins/*/a.txt')).toMatchObject(said);
    expect(await stage.cli('ftp', 'shell', '@web', '-c', 'mput twins/*/a.txt')).toMatchObject(said);
    expect(await readdir(stage.dir)).not.toContain('a.txt');
    expect(await readdir(root())).not.toContain('a.txt');
    expect((await readdir(join(root(), 'twins'))).sort()).toEqual(['one', 'two']);
  });

  it('get -r names the links that it leaves out', async () => {
    await mkdir(join(root(), 'linked'));
    await writeFile(join(root(), 'linked/a.txt'), 'a');
    await symlink(stage.dir, join(root(), 'linked/away'));
    const { stderr, code } = await stage.cli('ftp', 'get', '-r', '@web/linked');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('linked/away is left out: it is a link\n') });
    expect(await readdir(join(stage.dir, 'linked'))).toEqual(['a.txt']);
  });

  it('put takes stdin, and leaves no temporary file', async () => {
    const env = { POSTRIDER_SECRET_SANDBOX: stage.sandbox.password };
    const { code } = await cli(['ftp', 'put', '-', '@web/in/dump.sql', '-q'], {
      cwd: stage.dir,
      env,
      stdin: 'x'.repeat(100_000),
    });
    expect(code).toBe(1);
    await mkdir(join(root(), 'in'));
    const again = await cli(['ftp', 'put', '-', '@web/in/dump.sql', '-q'], { cwd: stage.dir, env, stdin: 'x'.repeat(100_000) });
    expect(again).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(await readdir(join(root(), 'in'))).toEqual(['dump.sql']);
    expect((await stat(join(root(), 'in/dump.sql'))).size).toBe(100_000);
  });

  it('mirror takes the options of the step and explains a wrong one', async () => {
    const { stdout, code } = await stage.cli('ftp', 'mirror', './site', '@web/mirrored', '--exclude', '*.bin', '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toContain('3 files to upload');
    const run = await stage.cli('ftp', 'mirror', './site', '@web/mirrored', '--exclude', '*.bin', '--quiet');
    expect(run).toMatchObject({ code: 0, stdout: '' });
    expect((await readdir(join(root(), 'mirrored'))).sort()).toEqual(['css', 'empty.txt', 'img', 'index.html']);
    const wrong = await stage.cli('ftp', 'mirror', './site', '@web/mirrored', '--bandwidth', 'fast');
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('--bandwidth must be a rate');
  });
});

describe('changes', () => {
  it.each([
    [['put', 'main.yaml', '@web/none/deep/'], 'folder-missing', 'none/deep: there is no such folder'],
    [['put', '-', '@web/none/page.html'], 'folder-missing', 'none: there is no such folder'],
    [['mv', '@web/www/index.html', 'none/'], 'folder-missing', 'none: there is no such folder'],
    [['mv', '@web/www/none.html', 'www/index.html'], 'path-missing', 'www/none.html: there is no such file'],
    [['mkdir', '@web/none/deep'], 'folder-missing', 'none: there is no such folder'],
  ])('%j says what is missing', async (words, code, said) => {
    const result = await stage.cli('ftp', ...words);
    expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining(said) });
    expect(result.stderr).toContain(`postrider explain ${code}`);
  });

  it('mkdir, mv, chmod, du, sum and rm', async () => {
    expect(await stage.cli('ftp', 'mkdir', '-p', '@web/work/a/b')).toMatchObject({ code: 0, stderr: '' });
    await writeFile(join(root(), 'work/a/one.txt'), 'one');
    expect(await stage.cli('ftp', 'mv', '@web/work/a/one.txt', 'work/a/b/')).toMatchObject({ code: 0, stderr: '' });
    expect(await stage.cli('ftp', 'chmod', '600', '@web/work/a/b/one.txt')).toMatchObject({ code: 0, stderr: '' });
    const du = JSON.parse((await stage.cli('ftp', 'du', '@web/work', '--json', '--depth', '3')).stdout);
    expect(du.folders.at(-1)).toEqual({ path: 'work', bytes: 3, files: 1 });
    const sum = await stage.cli('ftp', 'sum', '@web/work/a/b/one.txt');
    expect(sum.stdout).toBe('7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed  work/a/b/one.txt\n');
    const refused = await stage.cli('ftp', 'rm', '@web/work');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('--recursive');
    expect(await stage.cli('ftp', 'rm', '-r', '@web/work')).toMatchObject({ code: 0 });
    expect(await readdir(root())).not.toContain('work');
  });
});
