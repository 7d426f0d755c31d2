// Installs, removes and looks at the systemd unit of the scheduler.
import { spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { AppError, fileError } from '../../core/errors.ts';
import { shellWord } from '../../core/text.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { exists } from '../../files/there.ts';
import type { Job } from '../../job/job.ts';
import { JobsFolder } from '../schedule/jobs-folder.ts';
import { secretNeeds } from '../secrets/secret-needs.ts';
import { secretsOf } from '../secrets/secrets.ts';
import { homeFolder, type Workspace, xdgFolder } from '../workspace.ts';
import { type Credential, unitText } from './unit.ts';

export interface ServiceRequest {
  readonly workspace: Workspace;
  readonly system: boolean;
}

export interface InstallRequest extends ServiceRequest {
  /** The account of a system unit. */
  readonly account: string;
  readonly drainMs: number;
  /** `NAME=PATH` pairs. */
  readonly credentials: readonly string[];
  readonly writable: readonly string[];
  readonly start: boolean;
}

export interface Unit {
  readonly path: string;
  readonly text: string;
  /** Secrets that jobs need and that the service would not find. */
  readonly missing: readonly Credential[];
  /** It runs while nobody is signed in, too. */
  readonly lingers: boolean;
}

export const UNIT = 'postrider.service';
const SYSTEM_STATE = '/var/lib/postrider';

/** What would be installed. Throws AppError `usage` without a jobs folder, or for a credential that is no NAME=PATH. */
export async function serviceUnit(request: InstallRequest): Promise<Unit> {
  const { workspace, system, account, drainMs, writable } = request;
  const { jobs } = await new JobsFolder(workspace.jobsDir).scan();
  const credentials = await credentialsOf(jobs, request);
  const text = unitText({
    scope: system ? 'system' : 'user',
    command: [process.execPath, resolve(process.argv[1] ?? 'postrider')],
    jobsDir: workspace.jobsDir,
    stateDir: stateOf(request),
    writable: [...new Set([...jobs.map(({ workdir }) => workdir), ...writable.map(path => resolve(workspace.cwd, path))])].sort(),
    drainMs,
    credentials,
    environment: vaultSettings(workspace),
    ...(system ? { account } : {}),
  });
  const missing = await withoutVault(credentials, workspace);
  return { path: unitPath(request), text, missing, lingers: system || (await lingers()) };
}

const VAULT_SETTINGS = ['POSTRIDER_VAULT', 'POSTRIDER_VAULT_KEY_FILE'];

/** Where the vault and its key are, so that the service opens it as whoever installs it does. */
function vaultSettings({ env, cwd }: Workspace): Readonly<Record<string, string>> {
  const set = VAULT_SETTINGS.filter(name => (env[name] ?? '') !== '');
  return Object.fromEntries(set.map(name => [name, resolve(cwd, env[name] ?? '')]));
}

/** Those that are in no file, nor in a vault that opens by a key file. */
async function withoutVault(credentials: readonly Credential[], workspace: Workspace): Promise<readonly Credential[]> {
  const opens = 'POSTRIDER_VAULT_KEY_FILE' in vaultSettings(workspace);
  const entries = opens ? await secretsOf(workspace).vault.entries() : [];
  const kept = new Set(entries.map(({ name }) => name));
  return credentials.filter(({ name, there }) => !there && !kept.has(name));
}

/** A user's units end when the last session does, unless somebody has said otherwise (loginctl(1)). */
async function lingers(): Promise<boolean> {
  try {
    return await exists(join('/var/lib/systemd/linger', userInfo().username));
  } catch {
    return false;
  }
}

/** Writes the unit and, unless told otherwise, enables and starts it. Throws AppError `usage` without its account, `file-denied` and the like, `systemctl-failed`. */
export async function installService(request: InstallRequest): Promise<Unit> {
  const unit = await serviceUnit(request);
  if (request.system) await assertAccount(request.account);
  try {
    await makeFolder(dirname(unit.path));
    if (!request.system) await makeFolder(stateOf(request), { mode: 0o700 });
    await writeFile(unit.path, unit.text);
  } catch (error) {
    throw fileError(error, unit.path);
  }
  if (!request.start) return unit;
  await systemctl(request, 'daemon-reload');
  await systemctl(request, 'enable', UNIT);
  // One that runs would go on with the old unit, and without the secrets that have come since.
  await systemctl(request, 'restart', UNIT);
  return unit;
}

/** systemd would say only that the service failed, and try again for ever. */
function assertAccount(account: string): Promise<void> {
  return new Promise((done, fail) => {
    const missing = new AppError('usage', `there is no account ${account} on this machine`, {
      hint: `useradd --system --home-dir ${SYSTEM_STATE} --shell /usr/sbin/nologin ${shellWord(account)}; or name another one with --account.`,
    });
    const child = spawn('id', ['--', account], { stdio: 'ignore' });
    child.on('error', () => done());
    child.on('close', code => (code === 0 ? done() : fail(missing)));
  });
}

/** Stops it, and removes the unit; state, jobs and secrets stay. False when there was none. */
export async function uninstallService(request: ServiceRequest): Promise<boolean> {
  const path = unitPath(request);
  if (!(await exists(path))) return false;
  await systemctl(request, 'disable', '--now', UNIT).catch(() => '');
  await rm(path).catch((error: unknown) => Promise.reject(fileError(error, path)));
  await systemctl(request, 'daemon-reload').catch(() => '');
  return true;
}

export interface ServiceStatus {
  readonly path: string;
  readonly installed: boolean;
  /** As `systemctl is-active` says; `unknown` when systemd cannot be asked. */
  readonly active: string;
  readonly enabled: string;
}

export async function serviceStatus(request: ServiceRequest): Promise<ServiceStatus> {
  const path = unitPath(request);
  const asked = (word: string) => systemctl(request, word, UNIT).catch(() => 'unknown');
  return { path, installed: await exists(path), active: await asked('is-active'), enabled: await asked('is-enabled') };
}

function stateOf({ workspace, system }: ServiceRequest): string {
  const chosen = workspace.env['POSTRIDER_STATE'] ?? '';
  return system && chosen === '' && workspace.stateDir.startsWith(join(homeFolder(), '/')) ? SYSTEM_STATE : workspace.stateDir;
}

function unitPath({ workspace: { env }, system }: ServiceRequest): string {
  if (system) return join('/etc/systemd/system', UNIT);
  return join(configHome(env), 'systemd/user', UNIT);
}

function configHome(env: Workspace['env']): string {
  return xdgFolder(env, 'XDG_CONFIG_HOME', '.config');
}

async function credentialsOf(jobs: readonly Job[], request: InstallRequest): Promise<readonly Credential[]> {
  const { workspace, system } = request;
  const folder = system ? '/etc/postrider/secrets' : join(configHome(workspace.env), 'postrider/secrets');
  const given = new Map(request.credentials.map(text => pairOf(text, workspace.cwd)));
  const names = [...new Set([...jobs.flatMap(job => secretNeeds(job).map(({ name }) => name)), ...given.keys()])].sort();
  return Promise.all(
    names.map(async name => {
      const path = given.get(name) ?? join(folder, name);
      return { name, path, there: await exists(path) };
    }),
  );
}

function pairOf(text: string, cwd: string): readonly [name: string, path: string] {
  const [, name, path] = /^([A-Za-z0-9_.-]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || path === undefined) {
    throw new AppError('usage', `--credential ${text}: this is not NAME=PATH`, {
      hint: 'Write --credential web=/etc/postrider/secrets/web',
    });
  }
  return [name, resolve(cwd, path)];
}

/** The first line of what it answers; is-active and is-enabled answer with a code, too. */
function systemctl({ system, workspace }: ServiceRequest, ...args: readonly string[]): Promise<string> {
  const words = [...(system ? [] : ['--user']), ...args];
  return new Promise((done, fail) => {
    const child = spawn('systemctl', words, { env: workspace.env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, complaint] = ['', ''];
    child.stdout.on('data', chunk => (out += String(chunk)));
    child.stderr.on('data', chunk => (complaint += String(chunk)));
    const failed = (reason: string) =>
      fail(
        new AppError('systemctl-failed', `systemctl ${words.join(' ')}: ${reason}`, {
          hint: `The unit is written. Where systemd runs, \`journalctl ${system ? '' : '--user '}-u ${UNIT}\` may tell more; elsewhere use --print and your own means.`,
        }),
      );
    child.on('error', error => failed(`it cannot be started (${error.message})`));
    child.on('close', code => {
      const [line = ''] = out.split('\n');
      if (code === 0 || line !== '') done(line);
      else failed(complaint.trim().replace(/\s*\n\s*/g, ' ') || `ended with ${code}`);
    });
  });
}
