// The GitHub Action and the container: what they run, and that their files hang together. No runner and no container engine is at hand here.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { playground } from '../sandbox/playground.ts';
import { tempDir } from '../support/temp-dir.ts';

const root = join(import.meta.dirname, '../..');
const text = (name: string) => readFileSync(join(root, name), 'utf8');

interface ActionFile {
  readonly inputs: Record<string, { readonly description: string; readonly default?: string }>;
  readonly runs: {
    readonly using: string;
    readonly steps: readonly { readonly run?: string; readonly env?: Record<string, string> }[];
  };
}

const action = parse(text('action.yml')) as ActionFile;

async function entry(inputs: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}, cwd = root) {
  const named = Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase().replaceAll('-', '_')}`, value]);
  const defaults = Object.entries(action.inputs).map(([name, { default: value = '' }]) => [
    `INPUT_${name.toUpperCase().replaceAll('-', '_')}`,
    value,
  ]);
  const all = { PATH: process.env['PATH'] ?? '', ...Object.fromEntries([...defaults, ...named]), ...env };
  const run = promisify(execFile)(process.execPath, [join(root, 'bin/action.js')], { cwd, env: all });
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      stdout: error.stdout,
      stderr: error.stderr,
    }),
  );
}

const argsOf = async (inputs: Readonly<Record<string, string>>) =>
  JSON.parse((await entry(inputs, { POSTRIDER_ACTION_PRINT: '1' })).stdout) as string[];

describe('action.yml', () => {
  it('hands every input to the entry script', () => {
    const env = action.runs.steps.find(({ run }) => run?.includes('bin/action.js'))?.env ?? {};
    const wanted = Object.keys(action.inputs).map(name => [
      `INPUT_${name.toUpperCase().replaceAll('-', '_')}`,
      `\${{ inputs.${name} }}`,
    ]);
    expect(env).toEqual(Object.fromEntries(wanted));
    expect(action.runs.using).toBe('composite');
  });

  it('turns the inputs of FTP-Deploy-Action into a mirror', async () => {
    const inputs = {
      server: 'ftp.example.org',
      username: 'me@x',
      password: 'canary',
      'local-dir': './dist/',
      'server-dir': './www/',
    };
    const args = await argsOf({ ...inputs, exclude: '*.map\n  drafts/' });
    expect(args.slice(0, 4)).toEqual(['ftp', 'mirror', './dist/', 'ftp://me%40x@ftp.example.org/www/']);
    expect(args.slice(4)).toEqual([
      ...['--delete', '--compare', 'manifest', '--exclude', '.git*', '--exclude', 'node_modules/'],
      ...['--exclude', '*.map', '--exclude', 'drafts/'],
    ]);
    expect(args.join(' ')).not.toContain('canary');
  });

  it.each([
    [{ protocol: 'ftp' }, 'ftp://s/?tls=none'],
    [{ protocol: 'ftps-legacy', port: '990' }, 'ftps://s:990/'],
    [{ timeout: '30000', ca: 'a b.pem' }, 'ftp://s/?ca=a%20b.pem&timeout=30000ms'],
    [{ 'server-dir': '/www' }, 'ftp://s//www'],
  ])('%j is %s', async (inputs, url) => {
    expect((await argsOf({ server: 's', ...inputs }))[3]).toBe(url);
  });

  it('sweeps clean, rehearses, and runs jobs', async () => {
    expect(await argsOf({ server: 's', 'dangerous-clean-slate': 'true', 'dry-run': 'true' })).toEqual(
      expect.arrayContaining(['--compare', 'time-size', '--dry-run']),
    );
    expect(await argsOf({ job: 'jobs/site.yaml' })).toEqual(['run', 'jobs/site.yaml']);
    expect(await argsOf({ job: 'site', 'dry-run': 'true' })).toEqual(['plan', 'site']);
  });

  it.each([
    [{}, 'write `server`'],
    [{ server: 's', protocol: 'sftp' }, 'protocol must be'],
    [{ server: 's', security: 'loose' }, 'always verified'],
    [{ server: 's', 'dry-run': 'yes' }, 'must be true or false'],
  ])('refuses %j in words that GitHub shows', async (inputs, words) => {
    const { code, stderr } = await entry(inputs);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringMatching(/^::error title=postrider::/) });
    expect(stderr).toContain(words);
  });

  it('deploys', async () => {
    const ground = await playground();
    const temp = await tempDir();
    afterAll(async () => Promise.all([ground.close(), temp.remove()]));
    const { endpoints, user, password, caFile, siteDir } = ground.sandbox;
    await mkdir(join(temp.path, 'dist/.git'), { recursive: true });
    await writeFile(join(temp.path, 'dist/index.html'), 'hello');
    await writeFile(join(temp.path, 'dist/.git/config'), 'never');
    const inputs = { server: 'localhost', port: String(endpoints.ftp.port), username: user, password, ca: caFile };
    const result = await entry({ ...inputs, 'local-dir': 'dist', 'server-dir': '/www' }, { HOME: temp.path }, temp.path);
    expect(result.code, result.stderr).toBe(0);
    expect(await readFile(join(siteDir, 'www/index.html'), 'utf8')).toBe('hello');
    expect(existsSync(join(siteDir, 'www/.git'))).toBe(false);
  });
});

describe('Dockerfile', () => {
  const lines = text('Dockerfile').split('\n');
  const after = (start: string) => lines.slice(lines.findIndex(line => line.startsWith(start)));

  it('runs as nobody in particular, keeps its state in a volume, and is told to end by SIGTERM', () => {
    const final = lines.slice(lines.findLastIndex(line => line.startsWith('FROM')));
    expect(final).toEqual(expect.arrayContaining(['USER node', 'VOLUME /state', 'STOPSIGNAL SIGTERM', 'CMD ["schedule"]']));
    expect(after('USER node').some(line => line.startsWith('ENTRYPOINT ["node"'))).toBe(true);
  });

  it('copies only what is there and not ignored', () => {
    const ignored = text('.dockerignore').trim().split('\n');
    const copied = lines
      .filter(line => line.startsWith('COPY ') && !line.includes('--from'))
      .flatMap(line => line.split(' ').slice(1, -1));
    expect(copied.length).toBeGreaterThan(4);
    for (const path of copied) {
      expect(existsSync(join(root, path)), path).toBe(true);
      expect(ignored).not.toContain(path.split('/')[0]);
    }
  });
});
