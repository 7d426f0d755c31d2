// Installs, removes and looks at the systemd unit of the scheduler.
import { spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AppError, fileError } from '../../core/errors.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { exists } from '../../files/there.ts';
import type { Job } from '../../job/job.ts';
import { JobsFolder } from '../schedule/jobs-folder.ts';
import { secretNeeds } from '../secret-needs.ts';
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
  /** Secrets that jobs need and that have no file yet. */
  readonly missing: readonly Credential[];
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
    ...(system ? { account } : {}),
  });
  return { path: unitPath(request), text, missing: credentials.filter(({ there }) => !there) };
}

/** Writes the unit and, unless told otherwise, enables and starts it. Throws AppError `file-denied` and the like, `systemctl-failed`. */
export async function installService(request: InstallRequest): Promise<Unit> {
  const unit = await serviceUnit(request);
  try {
    await makeFolder(dirname(unit.path));
    if (!request.system) await makeFolder(stateOf(request), { mode: 0o700 });
    await writeFile(unit.path, unit.text);
  } catch (error) {
    throw fileError(error, unit.path);
  }
  if (!request.start) return unit;
  await systemctl(request, 'daemon-reload');
  await systemctl(request, 'enable', '--now', UNIT);
  return unit;
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
      return { name, path, there: given.has(name) || (await exists(path)) };
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
          hint: 'The unit is written. Start it where systemd runs, or use --print and your own means.',
        }),
      );
    child.on('error', error => failed(error.message));
    child.on('close', code => {
      const [line = ''] = out.split('\n');
      if (code === 0 || line !== '') done(line);
      else failed(complaint.trim() || `ended with ${code}`);
    });
  });
}
