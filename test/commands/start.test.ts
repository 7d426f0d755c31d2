// Starting the program: what is loaded, what an older Node hears, what wrong usage gets.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BIN, cli, inTempDir } from '../support/cli.ts';

it('--version loads no protocol, database or drawing code', () =>
  inTempDir(async dir => {
    const spy = join(dir, 'spy.mjs');
    writeFileSync(
      spy,
      "import { registerHooks } from 'node:module';\nimport { writeSync } from 'node:fs';\nregisterHooks({ load(url, context, next) { writeSync(2, `loaded ${url}\\n`); return next(url, context); } });\n",
    );
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', spy, BIN, '--version'], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^postrider\/\d/) });
    const loaded = [...stderr.matchAll(/^loaded (.*)$/gm)].map(([, url = '']) => url);
    const files = loaded.filter(url => url.startsWith('file:'));
    expect(files).toContainEqual(expect.stringMatching(/dist\/commands\/oclif\/start\.js$/));
    expect(files.length, files.join('\n')).toBeLessThan(10);
    expect(loaded.filter(url => /^node:(net|tls|http|sqlite|crypto)|keytar/.test(url))).toEqual([]);
    const drawn = files.map(url => readFileSync(new URL(url), 'utf8')).filter(text => /class (FtpClient|Listr)\b/.test(text));
    expect(drawn).toEqual([]);
  }));

it('an older Node without our own says which version is needed and exits 2', () =>
  inTempDir(async dir => {
    mkdirSync(join(dir, 'bin'));
    copyFileSync(BIN, join(dir, 'bin/postrider.js'));
    writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
    writeFileSync(
      join(dir, 'old.mjs'),
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });\n",
    );
    const args = ['--import', join(dir, 'old.mjs'), join(dir, 'bin/postrider.js'), '--version'];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringMatching(/needs Node\.js 24 or later; this is 20\.20\.2/),
    });
  }));

it('an older Node with our own in the checkout hands over to it, exit code and all', () =>
  inTempDir(async dir => {
    writeFileSync(
      join(dir, 'old.mjs'),
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });\n",
    );
    const start = (...args: string[]) =>
      spawnSync(process.execPath, ['--import', join(dir, 'old.mjs'), BIN, ...args], { encoding: 'utf8', cwd: dir });
    expect(start('--version')).toMatchObject({ status: 0, stdout: expect.stringMatching(/node-v24/) });
    expect(start('validate', 'nowhere.yaml').status).toBe(2);
  }));

it.each([
  [['frobnicate'], 2],
  [['run'], 2],
  [['run', 'nowhere'], 2],
  [['run', 'x', '--frob'], 2],
  [['history', '--last', 'yesterday'], 2],
  [['show', 'no-such-run'], 2],
  [['validate', 'nowhere.yaml'], 2],
  [['validate', '.'], 2],
  [['sandbox', '--fault', 'ftp:STROR=cut'], 2],
  [['--help'], 0],
])('%j exits %i', (args, code) =>
  inTempDir(async dir => {
    const result = await cli(args, { cwd: dir });
    expect(result.code, result.stderr).toBe(code);
    expect(result.stderr).not.toMatch(/\n\s+at .*[:(]\d+/);
  }));

it('a database server that cannot be used yet is refused, not ignored', () =>
  inTempDir(async dir => {
    const result = await cli(['history'], { cwd: dir, env: { POSTRIDER_STORE: 'postgres://db.example.org/postrider' } });
    expect(result).toMatchObject({ code: 10, stderr: expect.stringMatching(/cannot use yet/) });
  }));

it('a reader that goes away ends the program quietly', () =>
  inTempDir(async dir => {
    const { status, stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${BIN}" schema | head -n 1; echo done`], {
      cwd: dir,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  }));

it('init writes a jobs folder that validates, and keeps what is there', () =>
  inTempDir(async dir => {
    expect((await cli(['init'], { cwd: dir })).code).toBe(0);
    writeFileSync(join(dir, 'jobs/deploy-site.yaml'), 'name: mine\nsteps: [{ id: a, run: "true" }]\n');
    const again = await cli(['init', '--json'], { cwd: dir });
    expect(JSON.parse(again.stdout).files.every((file: { written: boolean }) => !file.written)).toBe(true);
    expect(await cli(['validate'], { cwd: dir })).toMatchObject({ code: 0 });
  }));

it('init puts in what the flags say, and names what a connections.yaml of one’s own lacks', () =>
  inTempDir(async dir => {
    const flags = [
      '-t',
      'supplier-drop',
      '--supplier',
      'ftp://me@files.example.net:2121',
      '--to',
      'a@b.example',
      '--timezone',
      'UTC',
    ];
    const { code, stdout } = await cli(['init', 'mine', ...flags], { cwd: dir });
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('secret set supplier') });
    expect(readFileSync(join(dir, 'mine/connections.yaml'), 'utf8')).toContain(
      'host: files.example.net\n  port: 2121\n  user: me\n',
    );
    const job = readFileSync(join(dir, 'mine/supplier-download.yaml'), 'utf8');
    expect(job).toContain('timezone: UTC');
    expect(job).toContain('to: [a@b.example]');
    expect(await cli(['validate', 'mine'], { cwd: dir })).toMatchObject({ code: 0 });
    const more = await cli(['init', 'mine', '-t', 'deploy'], { cwd: dir });
    expect(more.stdout).toContain('Missing in mine/connections.yaml, which stays as it was:\n\n');
    expect(more.stdout).toContain('web:\n  type: ftp');
    expect(await cli(['init', 'mine', '-t', 'deplay'], { cwd: dir })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('deploy'),
    });
    expect((await cli(['init', 'mine', '--web', 'smtp://a@b'], { cwd: dir })).code).toBe(2);
  }));
