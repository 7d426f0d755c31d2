// `postrider secret`: put away, listed, checked, used by a run, deleted; the value is never shown.
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type CliResult, cli, startCli } from '../support/cli.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';

const CANARY = 'c4n4ry-Pa$$w0rd';

let dir: TempDir;
beforeEach(async () => {
  dir = await tempDir();
});
afterEach(() => dir.remove());

const KEY = { POSTRIDER_VAULT_KEY_FILE: 'vault.key' };

async function secret(args: readonly string[], more: { stdin?: string; env?: Record<string, string> } = {}): Promise<CliResult> {
  const result = await cli(args[0] === 'run' ? args : ['secret', ...args], { cwd: dir.path, env: KEY, ...more });
  expect(result.stdout + result.stderr).not.toContain(CANARY);
  return result;
}

const set = (name: string, value: string) => secret(['set', name], { stdin: `${value}\n` });

it('is stored, listed, checked, used and deleted', async () => {
  const job = `name: job
connections:
  web: { type: ftp, host: ftp.example.org, user: me, password: "\${{ secrets.web }}", proxy: "\${{ secrets.hop }}" }
  unused: { type: ftp, host: ftp.example.org, user: me, password: "\${{ secrets.unused }}" }
steps:
  - id: use
    uses: shell
    with: { run: 'echo "it is $VALUE"; test \${#VALUE} = ${CANARY.length}', env: { VALUE: "\${{ secrets.token }}" } }
  - id: deploy
    if: failure()
    uses: ftp/mirror
    with: { connection: web, direction: upload, local: ., remote: / }
`;
  writeFileSync(join(dir.path, 'job.yaml'), job);

  const before = await secret(['check', 'job.yaml', '--json']);
  expect(before.code).toBe(4);
  expect(JSON.parse(before.stdout)).toMatchObject({
    version: 1,
    complete: false,
    secrets: [
      { name: 'hop', 'needed-by': ['connection web'], problem: { code: 'secret-missing' } },
      { name: 'token', 'needed-by': ['step use'], problem: { code: 'secret-missing' } },
      { name: 'web', 'needed-by': ['connection web'], problem: { code: 'secret-missing' } },
    ],
  });

  expect((await set('token', CANARY)).code).toBe(0);
  expect((await set('web', 'other')).code).toBe(0);
  expect((await set('hop', 'socks5://localhost')).code).toBe(0);
  expect(statSync(join(dir.path, 'vault.key')).mode & 0o777).toBe(0o600);
  const vault = join(dir.path, '.state/postrider/vault.age');
  expect(readFileSync(vault, 'latin1')).not.toContain(CANARY);

  const check = await secret(['check', 'job.yaml']);
  expect(check.code, check.stderr).toBe(0);
  expect(check.stdout).toMatch(/hop +vault .* connection web\ntoken +vault .* step use\nweb +vault .* connection web\n$/);
  const env = { ...KEY, POSTRIDER_SECRET_WEB: 'first' };
  expect((await secret(['check', 'job.yaml'], { env })).stdout).toMatch(/web +environment/);

  const list = JSON.parse((await secret(['list', '--json'])).stdout);
  expect(list.secrets).toEqual(
    ['hop', 'token', 'web'].map(name => ({ name, backend: 'vault', place: vault, 'set-at': expect.stringMatching(/Z$/) })),
  );
  expect((await secret(['list'])).stdout).toMatch(/^NAME +FROM +AGE.*\nhop +vault +0d/);

  const run = await secret(['run', 'job.yaml']);
  expect(run.code, run.stderr).toBe(0);
  expect(run.stderr).toContain('it is ****');

  expect((await secret(['delete', 'token'])).code).toBe(0);
  expect((await secret(['delete', 'token'])).code).toBe(4);
  const after = await secret(['run', 'job.yaml']);
  expect(after.code).toBe(4);
  expect(after.stderr).toContain('secret set token');
});

it('a locked, a damaged and a newer vault end the run with 4 and say what to do', async () => {
  writeFileSync(join(dir.path, 'job.yaml'), `name: job\nsteps:\n  - run: "echo \${{ secrets.token }}"\n    id: a\n`);
  await set('token', CANARY);
  const vault = join(dir.path, '.state/postrider/vault.age');
  const good = readFileSync(vault, 'latin1');
  for (const [env, content, words] of [
    [{}, good, /needs an age identity file[\s\S]*POSTRIDER_VAULT_KEY_FILE/],
    [KEY, good.slice(0, -20), /is damaged[\s\S]*vault\.age\.bak/],
    [KEY, good.replace('/v1', '/v9'), /newer version/],
  ] as const) {
    writeFileSync(vault, content, 'latin1');
    for (const args of [['run', 'job.yaml'], ['list'], ['check', 'job.yaml']]) {
      const result = await secret(args, { env });
      expect(result.code, args.join(' ')).toBe(4);
      expect(result.stderr).toMatch(words);
    }
  }
});

it('processes that store at the same moment lose nothing, though one of them is killed', async () => {
  await set('first', 'x');
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const doomed = startCli(['secret', 'set', 'doomed'], { cwd: dir.path, env: KEY, stdin: CANARY });
  const others = names.map(name => set(name, `value ${name}`));
  await others[0];
  doomed.child.kill('SIGKILL');
  await doomed.done;
  expect((await Promise.all(others)).map(({ code }) => code)).toEqual(names.map(() => 0));
  const { secrets } = JSON.parse((await secret(['list', '--json'])).stdout) as { secrets: { name: string }[] };
  expect(secrets.map(({ name }) => name).filter(name => name !== 'doomed')).toEqual([...names, 'first']);
});

it('a value is never an argument, an empty one is refused, a wrong name too', async () => {
  expect((await secret(['set', 'web', 'value'], { stdin: CANARY })).code).toBe(2);
  const empty = await set('web', '');
  expect([empty.code, empty.stderr]).toEqual([4, expect.stringContaining('empty')]);
  expect((await set('../web', 'x')).code).toBe(2);
  const noKey = await secret(['set', 'web'], { stdin: CANARY, env: {} });
  expect([noKey.code, noKey.stderr]).toEqual([4, expect.stringContaining('POSTRIDER_VAULT_PASSPHRASE')]);
});

it('a keychain that was asked for and is missing is named with the ways out; nobody else hears of it', async () => {
  mkdirSync(join(dir.path, 'home'));
  const env = { ...KEY, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' };
  const asked = await secret(['set', 'web', '--backend', 'keychain'], { stdin: CANARY, env });
  expect([asked.code, asked.stderr]).toEqual([4, expect.stringMatching(/keychain cannot be used[\s\S]*--backend vault/)]);
  for (const result of [await secret(['list'], { env }), await secret(['delete', 'web'], { env })]) {
    expect(result.stderr).not.toMatch(/D-?Bus|libsecret/i);
  }
});

it('SIGUSR1 opens no port for a debugger, and --inspect is warned of', async () => {
  writeFileSync(
    join(dir.path, 'job.yaml'),
    'name: job\nsteps:\n  - id: a\n    run: kill -USR1 $PPID; for i in 1 2 3 4 5 6 7 8; do sh -c :; done; echo ready\n',
  );
  const running = startCli(['run', 'job.yaml'], { cwd: dir.path });
  const result = await running.done;
  expect([result.code, result.stderr]).toEqual([0, expect.not.stringContaining('Debugger listening')]);
  const warned = await cli(['secret', 'list'], { cwd: dir.path, env: { NODE_OPTIONS: '--inspect=127.0.0.1:0' } });
  expect(warned.stderr).toContain('a debugger may attach');
});
