// Starting the program: what is loaded, what an older Node hears, what wrong usage gets.
import {
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BIN, cli, inTempDir, ROOT } from '../support/cli.ts';
import { spawnSync } from '../support/sync-child.ts';

it('--version loads no protocol, database or drawing code', () =>
  inTempDir(async dir => {
    const spy = join(dir, 'spy.mjs');
    writeFileSync(
      spy,
      "import { appendFileSync } from 'node:fs';\nimport vm from 'node:vm';\nconst { Script } = vm;\nvm.Script = class extends Script { constructor(code, options) { super(code, options); appendFileSync(process.env.SPY_LOG, `loaded ${options.filename}\\n`); } };\nprocess.on('exit', () => { appendFileSync(process.env.SPY_LOG, process.moduleLoadList.join('\\n')); });\n",
    );
    // Into a file: a pipe that is full refuses a write at once.
    const log = join(dir, 'spy.log');
    const env = { ...process.env, SPY_LOG: log };
    const { status, stdout } = spawnSync(process.execPath, ['--import', spy, BIN, '--version'], { encoding: 'utf8', env });
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^postrider\/\d/) });
    const loaded = readFileSync(log, 'utf8');
    const files = [...loaded.matchAll(/^loaded (.*)$/gm)].map(([, path = '']) => path);
    expect(files).toContainEqual(expect.stringMatching(/dist\/cli\/commands\/oclif\/start\.cjs$/));
    expect(files.length, files.join('\n')).toBeLessThan(15);
    expect(loaded).not.toMatch(/^NativeModule (tls|http|sqlite)$/m);
    const drawn = files.filter(path => /class (FtpClient|Listr)\b/.test(readFileSync(path, 'utf8')));
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
  [['base'], 2],
  [['oclif', 'start'], 2],
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

it('a user by number alone, who has no name and no home, may start it, as in a container', () =>
  inTempDir(async dir => {
    const nobody = join(dir, 'nobody.cjs');
    const unknown = "throw Object.assign(new Error('no such entry'), { code: 'ERR_SYSTEM_ERROR' })";
    writeFileSync(nobody, `require('node:os').userInfo = () => { ${unknown} };\n`);
    writeFileSync(join(dir, 'a.yaml'), 'steps: [{ id: a, run: "echo done by $SHELL" }]\n');
    const start = (env: Record<string, string>, ...args: string[]) => {
      const options = { cwd: dir, encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '', ...env } } as const;
      const { status, stdout, stderr } = spawnSync(process.execPath, ['--require', nobody, BIN, ...args], options);
      return { status, said: stdout + stderr };
    };
    for (const env of [{}, { HOME: '/' }, { HOME: '' }])
      expect(start(env, '--version'), JSON.stringify(env)).toMatchObject({ status: 0 });
    expect(start({ POSTRIDER_STATE: join(dir, 'state') }, 'run', 'a.yaml')).toMatchObject({ status: 0 });
    expect(start({ HOME: '' }, 'service', 'install', '--print', '--jobs', '.')).toMatchObject({ status: 0 });
  }));

it('a reader that goes away ends the program quietly', () =>
  inTempDir(async dir => {
    const { status, stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${BIN}" schema | head -n 1; echo done`], {
      cwd: dir,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  }));

it('what earlier minor versions of Node 24 say of their SQLite is not repeated at every start; other warnings are', () =>
  inTempDir(async dir => {
    const old = join(dir, 'old.mjs');
    const warnings = ['SQLite is an experimental feature and might change at any time', 'Something else is experimental'];
    writeFileSync(
      old,
      `const { getBuiltinModule } = process;
      process.getBuiltinModule = name => {
        if (name === 'node:sqlite') for (const text of ${JSON.stringify(warnings)}) process.emitWarning(text, 'ExperimentalWarning');
        return getBuiltinModule(name);
      };\n`,
    );
    const { status, stderr } = spawnSync(process.execPath, ['--import', old, BIN, 'history', '--state', dir], {
      encoding: 'utf8',
      env: { ...process.env, HOME: dir },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('ExperimentalWarning: Something else') });
    expect(stderr).not.toContain('SQLite');
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
    const blank = await cli(['init', 'my jobs', '-t', 'deploy'], { cwd: dir });
    expect(blank.stdout).toContain("postrider validate 'my jobs' && postrider plan 'my jobs/deploy-site.yaml'\n");
    const more = await cli(['init', 'mine', '-t', 'deploy'], { cwd: dir });
    expect(more.stdout).toContain('Missing in mine/connections.yaml, which stays as it was:\n\n');
    expect(more.stdout).toContain('web:\n  type: ftp');
    expect(await cli(['init', 'mine', '-t', 'deplay'], { cwd: dir })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('deploy'),
    });
    expect((await cli(['init', 'mine', '--web', 'smtp://a@b'], { cwd: dir })).code).toBe(2);
  }));

it('is ASCII, which V8 keeps in a byte a character, and the code cache with it', () => {
  const files = globSync('**/*.cjs', { cwd: join(ROOT, 'dist/cli') });
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter(file => /[^\0-\x7f]/.test(readFileSync(join(ROOT, 'dist/cli', file), 'latin1')))).toEqual([]);
});

describe('the code cache', () => {
  /** The program as it is installed, in a folder of its own. */
  const installed = (dir: string) => {
    const app = join(dir, 'app');
    mkdirSync(app);
    for (const name of ['bin', 'dist', 'jobs', 'package.json', 'oclif.manifest.json'])
      cpSync(join(ROOT, name), join(app, name), { recursive: true });
    const caches = [join(app, 'node_modules/.cache/postrider'), join(dir, 'home/.cache/postrider/code')];
    const start = (...args: string[]) =>
      spawnSync(process.execPath, [join(app, 'bin/postrider.js'), ...args], {
        encoding: 'utf8',
        env: { HOME: join(dir, 'home') },
      });
    const version = () => start('--version');
    const works = { status: 0, stdout: expect.stringMatching(/^postrider\/\d/), stderr: '' };
    const kept = (at: number) => globSync('*/*', { cwd: caches[at] as string }).sort();
    return { app, caches, start, version, works, kept };
  };

  it('is written by the first start, beside the program, and never left half-written', () =>
    inTempDir(async dir => {
      const { version, works, kept } = installed(dir);
      expect(version()).toMatchObject(works);
      expect(kept(0)).toEqual([expect.stringMatching(/help$/)]);
      expect(kept(1)).toEqual([]);
      expect(version()).toMatchObject(works);
    }));

  it('is taken by the next start, even what a mirror left that keeps memory small by flags of V8', () =>
    inTempDir(async dir => {
      const { caches, start, kept } = installed(dir);
      const demo = (name: string) => {
        expect(start('demo', '--dir', join(dir, name))).toMatchObject({ status: 0 });
        return kept(0).map(file => [file, statSync(join(caches[0] as string, file)).ino]);
      };
      const first = demo('once');
      expect(first).toEqual([[expect.stringMatching(/demo$/), expect.any(Number)]]);
      expect(demo('again')).toEqual(first);
    }));

  it('is one for each command, keeps what another run of it needed, and is made anew under other flags of V8', () =>
    inTempDir(async dir => {
      const { app, caches, start, kept } = installed(dir);
      const size = () => statSync(join(caches[0] as string, kept(0)[0] as string)).size;
      expect(start('ftp', 'mirror', 'a', 'b')).toMatchObject({ status: 2, stderr: expect.stringContaining('must be a server') });
      expect(kept(0)).toEqual([expect.stringMatching(/ftp\+mirror$/)]);
      const small = size();
      const unreachable = ['ftp', 'mirror', dir, 'ftp://127.0.0.1:1/x?tls=none', '--retries', '0', '-q'];
      expect(start(...unreachable).status).toBe(5);
      const large = size();
      expect(large).toBeGreaterThan(small);
      expect(start('ftp', 'mirror', 'a', 'b').status).toBe(2);
      expect(size()).toBe(large);
      const flags = ['--stack-size=900', join(app, 'bin/postrider.js'), 'ftp', 'mirror', 'a', 'b'];
      expect(spawnSync(process.execPath, flags, { env: { HOME: join(dir, 'home') } }).status).toBe(2);
      expect(size()).toBeLessThan(large);
    }));

  it('is put together from the program’s folder and the home, where each has a part', () =>
    inTempDir(async dir => {
      const { caches, start, kept } = installed(dir);
      const unreachable = ['ftp', 'mirror', dir, 'ftp://127.0.0.1:1/x?tls=none', '--retries', '0', '-q'];
      expect(start('ftp', 'mirror', 'a', 'b').status).toBe(2);
      const [shared, own] = caches.map(cache => join(cache, kept(0)[0] as string)) as [string, string];
      const small = readFileSync(shared);
      expect(start(...unreachable).status).toBe(5);
      cpSync(shared, own);
      writeFileSync(shared, small);
      expect(start(...unreachable).status).toBe(5);
      expect(readFileSync(shared).equals(small)).toBe(true);
    }));

  it('goes to the home where the program cannot be written, and nowhere where that cannot be, either', () =>
    inTempDir(async dir => {
      const { app, caches, version, works, kept } = installed(dir);
      writeFileSync(join(app, 'node_modules'), 'a file, so that root cannot make a folder of it, either');
      expect(version()).toMatchObject(works);
      expect(kept(1)).toEqual([expect.stringMatching(/help$/)]);
      rmSync(join(dir, 'home'), { recursive: true });
      writeFileSync(join(dir, 'home'), '');
      expect(version()).toMatchObject(works);
      expect(existsSync(caches[0] as string)).toBe(false);
    }));

  it.runIf(existsSync('/proc/self'))('ends where the home is in a folder that is there, and takes nothing', () =>
    inTempDir(async dir => {
      const { app, works } = installed(dir);
      writeFileSync(join(app, 'node_modules'), '');
      const options = { encoding: 'utf8', env: { HOME: '/proc/nobody' }, timeout: 20_000 } as const;
      expect(spawnSync(process.execPath, [join(app, 'bin/postrider.js'), '--version'], options)).toMatchObject(works);
    }),
  );

  it('leaves nothing half-done where it cannot get its name', () =>
    inTempDir(async dir => {
      const { caches, version, works, kept } = installed(dir);
      version();
      const [name] = kept(0) as [string];
      rmSync(join(caches[0] as string, name));
      mkdirSync(join(caches[0] as string, name, 'in the way'), { recursive: true });
      expect(version()).toMatchObject(works);
      expect(kept(0)).toEqual([name]);
    }));

  it('of other builds is kept for three of them, and nothing is touched that is not ours', () =>
    inTempDir(async dir => {
      const { app, caches, version, works, kept } = installed(dir);
      writeFileSync(join(app, 'node_modules'), '');
      const home = caches[1] as string;
      const others = Array.from({ length: 6 }, (_, at) => `0123456789abcde${at}-v24.${at}.0-x64`);
      const foreign = ['0123456789abcdef', '0123456789abcdeg-v24.0.0-x64', 'notes', '.0123456789abcdef-v24.0.0-x64'];
      for (const [at, name] of [...others, ...foreign].entries()) {
        mkdirSync(join(home, name), { recursive: true });
        writeFileSync(join(home, name, 'help'), '');
        writeFileSync(join(home, name, 'help.4711'), 'left by a start that was killed');
        utimesSync(join(home, name), 1_000 + at, 1_000 + at);
      }
      mkdirSync(join(dir, 'elsewhere'));
      writeFileSync(join(dir, 'elsewhere/file'), '');
      const link = '0123456789abcdee-v24.0.0-x64';
      symlinkSync(join(dir, 'elsewhere'), join(home, link));
      writeFileSync(join(home, '0123456789abcded-v24.0.0-x64'), 'a file');
      expect(version()).toMatchObject(works);
      const now = readdirSync(home).filter(name => ![...foreign, link, '0123456789abcded-v24.0.0-x64'].includes(name));
      expect(now.sort()).toEqual([...others.slice(3), expect.stringContaining(process.version)]);
      expect(readdirSync(home).length).toBe(now.length + foreign.length + 2);
      expect(existsSync(join(dir, 'elsewhere/file'))).toBe(true);
      expect(kept(1).filter(name => name.includes(process.version))).toHaveLength(1);
    }));

  it.each([
    { HOME: '' },
    { XDG_CACHE_HOME: '' },
    { XDG_CACHE_HOME: 'here' },
  ])('is in no folder of the working directory: %j', env =>
    inTempDir(async dir => {
      const { app, works } = installed(dir);
      writeFileSync(join(app, 'node_modules'), '');
      const [cwd, HOME] = [join(dir, 'cwd'), join(dir, 'home')];
      mkdirSync(cwd);
      const options = { cwd, encoding: 'utf8', env: { HOME, ...env } } as const;
      expect(spawnSync(process.execPath, [join(app, 'bin/postrider.js'), '--version'], options)).toMatchObject(works);
      expect(readdirSync(cwd)).toEqual([]);
    }));

  it.each([
    ['cut', (bytes: Buffer) => bytes.subarray(0, 100)],
    ['empty', () => Buffer.alloc(0)],
    ['garbled', (bytes: Buffer) => Buffer.from(bytes.map((byte, at) => (at % 97 === 50 ? byte ^ 0xff : byte)))],
    ['of nothing', (bytes: Buffer) => Buffer.alloc(bytes.length)],
  ])('is ignored when it is %s, and made anew', (_, harm) =>
    inTempDir(async dir => {
      const { caches, version, works, kept } = installed(dir);
      expect(version()).toMatchObject(works);
      const files = kept(0).map(name => join(caches[0] as string, name));
      const before = files.map(file => readFileSync(file).length);
      for (const file of files) writeFileSync(file, harm(readFileSync(file)));
      expect(version()).toMatchObject(works);
      expect(files.map(file => readFileSync(file).length > before[files.indexOf(file)]! / 2)).toEqual(files.map(() => true));
    }));
});
