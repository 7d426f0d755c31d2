// What postrider keeps and reads on this machine: state store and disk, keychain, vault, job files, runs that never ended.
import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { shellWord } from '../../core/text.ts';
import { formatCount, formatSize } from '../../core/units.ts';
import { keychainNames } from '../../secrets/keychain.ts';
import { isAlive } from '../process-life.ts';
import { secretsOf, vaultPath } from '../secrets/secrets.ts';
import { hasStore, unusableState, withStore } from '../state.ts';
import { validateFiles } from '../validate.ts';
import type { Workspace } from '../workspace.ts';
import { type Finding, fine, skipped, warning } from './finding.ts';

const FREE_BYTES_MIN = 100 * 1024 ** 2;
const OTHERS = 0o077;
const RUNS_MAX = 1_000;

export async function checkDisk({ stateDir, env }: Workspace): Promise<readonly Finding[]> {
  if ((env['POSTRIDER_STORE'] ?? '') !== '') return [];
  await checkPlace(stateDir);
  const mode = await modeOf(stateDir);
  if (mode === undefined) return [skipped('state folder', `${stateDir}: not there yet; it is made on first use`)];
  const { bavail, bsize } = await statfs(stateDir);
  const free = bavail * bsize;
  const room = `${formatSize(free)} free`;
  if (free < FREE_BYTES_MIN) return [warning('state folder', `${stateDir}: ${room}`, 'Free some space before the disk is full.')];
  if ((mode & OTHERS) !== 0)
    return [warning('state folder', `${stateDir}: open to other users`, `chmod 700 ${shellWord(stateDir)}`)];
  return [fine('state folder', `${stateDir}: ${room}`)];
}

/** A state folder that is not there yet is made in the nearest folder above it that is. Throws AppError `store-unusable`. */
async function checkPlace(stateDir: string, folder = stateDir): Promise<void> {
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const above = dirname(folder);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === folder) throw unusableState(error, stateDir);
    await checkPlace(stateDir, above);
  }
}

/** Opens the store only where there is one; looks for runs whose process is gone. */
export async function checkStore(workspace: Workspace, clock: Clock): Promise<readonly Finding[]> {
  if (!(await hasStore(workspace))) return [skipped('state store', 'no run yet')];
  const running = await withStore(workspace, store => store.runs({ status: 'running', limit: RUNS_MAX }), clock);
  const stale = running.filter(run => run.host === workspace.host && !isAlive(run.pid, run.startedAt));
  const ids = stale.map(run => `${run.job} (${run.id})`).join(', ');
  return [
    fine('state store', `usable; ${running.length - stale.length} running`),
    stale.length === 0
      ? fine('stale runs', 'none')
      : warning(
          'stale runs',
          ids,
          'Their process is gone. The next run of the job closes the record and goes on where it stopped.',
        ),
  ];
}

/** Missing is nothing to complain of: only secrets that are kept there need it. */
export async function checkKeychain(): Promise<Finding> {
  try {
    return fine('keychain', `usable; ${formatCount((await keychainNames()).length, 'secrets')}`);
  } catch (error) {
    return skipped('keychain', error instanceof AppError ? error.message : String(error));
  }
}

export async function checkVault(workspace: Workspace): Promise<readonly Finding[]> {
  const { vault, askPerson } = secretsOf(workspace);
  const path = vaultPath(workspace);
  if (!(await vault.exists())) return [skipped('vault', `none at ${path}`)];
  askPerson();
  const entries = await vault.entries();
  const keyFile = workspace.env['POSTRIDER_VAULT_KEY_FILE'] ?? '';
  const open: string[] = [];
  for (const file of [path, ...(keyFile === '' ? [] : [keyFile])]) {
    if (((await modeOf(file)) ?? 0) & OTHERS) open.push(file);
  }
  if (open.length === 0) return [fine('vault', `${path}: ${formatCount(entries.length, 'secrets')}`)];
  return [warning('vault', `${open.join(' and ')}: open to other users`, `chmod 600 ${open.map(shellWord).join(' ')}`)];
}

export async function checkJobs(workspace: Workspace): Promise<Finding> {
  if ((await modeOf(workspace.jobsDir)) === undefined)
    return skipped('job files', `${workspace.jobsDir}: there is no such folder`);
  const files = await validateFiles([workspace.jobsDir], workspace);
  const bad = files.filter(({ valid }) => !valid).map(({ file }) => file);
  if (bad.length === 0) return fine('job files', `${formatCount(files.length, 'files')}, no errors`);
  throw new AppError('job-invalid', `errors in ${bad.join(', ')}`, {
    hint: `postrider validate ${shellWord(join(workspace.jobsDir))}`,
  });
}

async function modeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mode }) => mode & 0o777,
    () => undefined,
  );
}
