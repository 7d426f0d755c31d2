// `service install|status|uninstall` with a systemctl that writes down what it is told: units are of the user, whose home is the test's.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cli } from '../support/cli.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';

let dir: TempDir;
const at = (...parts: string[]) => join(dir.path, ...parts);
const unit = () => at('.config/systemd/user/postrider.service');
const asked = () => readFileSync(at('asked'), 'utf8').split('\n').filter(Boolean);

beforeEach(async () => {
  dir = await tempDir();
  mkdirSync(at('bin'));
  mkdirSync(at('my jobs'));
  writeFileSync(at('my jobs/connections.yaml'), 'web: { type: ftp, host: h, user: u, password: "${{ secrets.web }}" }\n');
  writeFileSync(at('my jobs/a.yaml'), 'steps: [{ id: a, run: "echo ${{ secrets.other }}" }]\n');
  systemctl('');
});
afterEach(() => dir.remove());

/** `lines` of a script besides. */
function systemctl(lines: string): void {
  writeFileSync(at('bin/systemctl'), `#!/bin/sh\necho "$*" >>'${at('asked')}'\n${lines}\n`);
  chmodSync(at('bin/systemctl'), 0o755);
}

const postrider = (args: readonly string[], env: Record<string, string> = {}) =>
  cli(args, { cwd: dir.path, env: { PATH: `${at('bin')}:${process.env['PATH']}`, ...env } });
const install = (...args: string[]) => postrider(['service', 'install', '--jobs', 'my jobs', ...args]);

it('writes the unit and starts it anew, so that a second install brings new secrets', async () => {
  const first = await install();
  expect(first.code, first.stderr).toBe(0);
  expect(first.stderr).toContain('secret other: put it into');
  expect(readFileSync(unit(), 'utf8')).toContain(`--jobs "${at('my jobs')}"`);
  const anew = ['--user daemon-reload', '--user enable postrider.service', '--user restart postrider.service'];
  expect(asked()).toEqual(anew);
  mkdirSync(at('.config/postrider/secrets'), { recursive: true });
  writeFileSync(at('.config/postrider/secrets/other'), 'canary', { mode: 0o600 });
  const second = await install();
  expect(second.stderr).not.toContain('secret other');
  expect(readFileSync(unit(), 'utf8')).toContain(`\nLoadCredential=other:${at('.config/postrider/secrets/other')}\n`);
  expect(asked()).toEqual([...anew, ...anew]);
});

it('finds in the vault what the key file opens', async () => {
  const env = { POSTRIDER_VAULT_KEY_FILE: 'vault.key' };
  const set = await cli(['secret', 'set', 'other'], { cwd: dir.path, env, stdin: 'canary' });
  expect(set.code, set.stderr).toBe(0);
  const { stdout, stderr } = await postrider(['service', 'install', '--jobs', 'my jobs', '--print'], env);
  expect(stdout).toContain(`\nEnvironment=POSTRIDER_VAULT_KEY_FILE=${at('vault.key')}\n`);
  expect(stderr).not.toContain('secret other');
  expect(existsSync(unit())).toBe(false);
});

it('says what systemd says, on one line, and that the unit is there', async () => {
  systemctl('case "$*" in *restart*) printf "Job for x failed.\\nSee journalctl.\\n" >&2; exit 1;; esac');
  const { code, stderr } = await install();
  expect({ code, there: existsSync(unit()) }).toEqual({ code: 1, there: true });
  expect(stderr).toContain('systemctl --user restart postrider.service: Job for x failed. See journalctl.\n');
});

it('without a systemd it says so', async () => {
  const { code, stderr } = await postrider(['service', 'install', '--jobs', 'my jobs'], { PATH: '/nonexistent' });
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('it cannot be started (spawn systemctl ENOENT)') });
  const status = await postrider(['service', 'status', '--json'], { PATH: '/nonexistent' });
  expect(JSON.parse(status.stdout)).toMatchObject({ installed: true, active: 'unknown', enabled: 'unknown' });
});

it('a file of a secret that is not there is no line that keeps the service from starting', async () => {
  const { stdout, stderr } = await install('--print', '--credential', 'other=/nonexistent/x');
  expect(stdout).toContain('# The file is not there yet: LoadCredential=other:/nonexistent/x');
  expect(stderr).toContain('secret other: put it into /nonexistent/x');
});

it('a unit of the machine needs its account, which is looked for before anything is written', async () => {
  const { code, stderr } = await install('--system', '--no-start', '--account', 'no-such-account-here');
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('useradd --system') });
});

it('uninstalls what it installed, once', async () => {
  await install('--no-start');
  expect((await postrider(['service', 'uninstall'])).stdout).toBe('the unit is removed\n');
  expect(existsSync(unit())).toBe(false);
  expect((await postrider(['service', 'uninstall'])).stdout).toBe('there is no unit\n');
  expect(asked()).toEqual(['--user disable --now postrider.service', '--user daemon-reload']);
});
