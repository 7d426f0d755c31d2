// One writer an account: a lock file that names its owner, and is taken over only from a process that is surely dead.
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { printable } from '../core/text.ts';
import type { ArchiveFiles } from './files.ts';
import { LOCK_NAME } from './layout.ts';

export interface LockOwner {
  readonly pid: number;
  readonly host: string;
  /** When the process began, in the words of its kernel: tells it from a later one with the same pid. Empty when unknown. */
  readonly started: string;
}

export interface LockOptions {
  readonly files: ArchiveFiles;
  readonly clock: Clock;
  readonly owner: LockOwner;
  /** Whether a process of this host that began then still runs. */
  readonly isAlive: (owner: LockOwner) => Promise<boolean>;
}

const LOCK_BYTES_MAX = 4_096;
const TRIES_MAX = 5;
/** A lock without an owner belongs to somebody who is just writing it, or who died while doing so: the second look tells. */
const SECOND_LOOK_MS = 500;

/** Throws `archive-locked` while another run holds the account. Resolves with what gives the lock back. */
export async function lockAccount(folder: string, options: LockOptions): Promise<() => Promise<void>> {
  const path = join(folder, LOCK_NAME);
  let nameless = false;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    if (await createLock(path, options)) return () => options.files.remove(path);
    const text = await readLock(path, options.files);
    if (text === undefined) continue;
    const holder = parseOwner(text);
    if (holder === undefined && !nameless) {
      nameless = true;
      await options.clock.sleep(SECOND_LOOK_MS);
      continue;
    }
    if (holder !== undefined && (holder.host !== options.owner.host || (await options.isAlive(holder))))
      throw locked(path, holder);
    await removeStale(path, text, options);
  }
  throw locked(path, undefined);
}

export async function thisProcess(): Promise<LockOwner> {
  return { pid: process.pid, host: hostname(), started: await startOf(process.pid) };
}

/** For owners on this host. */
export async function isAlive(owner: LockOwner): Promise<boolean> {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const started = await startOf(owner.pid);
  return started === '' || owner.started === '' || started === owner.started;
}

/** Field 22 of /proc/PID/stat with the boot id, where there is a /proc: a reboot starts the count again. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'latin1');
    return `${boot.trim()}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`;
  } catch {
    return '';
  }
}

async function createLock(path: string, { files, owner }: LockOptions): Promise<boolean> {
  const file = await files.open(path, 'create');
  if (file === undefined) return false;
  try {
    await file.write(Buffer.from(`${JSON.stringify(owner)}\n`), 0);
    await file.sync();
    return true;
  } catch (error) {
    await files.remove(path).catch(() => undefined);
    throw error;
  } finally {
    await file.close();
  }
}

async function readLock(path: string, files: ArchiveFiles): Promise<string | undefined> {
  const file = await files.open(path, 'read');
  if (file === undefined) return undefined;
  try {
    const into = Buffer.alloc(LOCK_BYTES_MAX);
    return into.toString('utf8', 0, await file.read(into, 0));
  } finally {
    await file.close();
  }
}

/** Two that find the same stale lock: the rename succeeds for one, and what it took is looked at once more. */
async function removeStale(path: string, seen: string, { files, owner }: LockOptions): Promise<void> {
  const aside = `${path}.${owner.pid}`;
  if (!(await files.rename(path, aside))) return;
  if ((await readLock(aside, files)) !== seen) await files.rename(aside, path);
  else await files.remove(aside);
}

function parseOwner(text: string): LockOwner | undefined {
  try {
    const value = JSON.parse(text) as Partial<LockOwner>;
    if (typeof value.pid !== 'number' || typeof value.host !== 'string' || typeof value.started !== 'string') return undefined;
    return { pid: value.pid, host: value.host, started: value.started };
  } catch {
    return undefined;
  }
}

function locked(path: string, holder: LockOwner | undefined): AppError {
  const who = holder === undefined ? 'another run' : `process ${holder.pid} on ${printable(holder.host)}`;
  return new AppError('archive-locked', `${who} is writing this account of the archive`, {
    hint: `Wait for it to end. If nothing is running there any more, remove ${path}.`,
  });
}
