// One writer an account: a lock file that names its owner, and is taken over only from a process that is surely dead. Silence is no proof: a
// writer of another machine that was only paused (a frozen container, a laptop asleep) goes on writing when it wakes, and no fence stops it.
import { hash } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { printable, shellWord } from '../core/text.ts';
import { type ProcessIdentity, readIdentity } from '../files/processes.ts';
import type { ArchiveFiles } from './files.ts';
import { LOCK_NAME } from './layout.ts';

export interface LockOptions {
  readonly files: ArchiveFiles;
  readonly clock: Clock;
  readonly owner: ProcessIdentity;
  /** Whether a process of this host that began then still runs. */
  readonly isAlive: (owner: ProcessIdentity) => boolean;
}

const LOCK_BYTES_MAX = 4_096;
const TRIES_MAX = 5;
const NAME_DIGITS = 16;
/** A lock without an owner belongs to somebody who is just writing it, or who died while doing so: the second look tells. */
const SECOND_LOOK_MS = 500;

/** Throws `archive-locked` while another run holds the account. Resolves with what gives the lock back. */
export function lockAccount(folder: string, options: LockOptions): Promise<() => Promise<void>> {
  return takeLock(join(folder, LOCK_NAME), options);
}

async function takeLock(path: string, options: LockOptions): Promise<() => Promise<void>> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    if (await createLock(path, options)) return () => options.files.remove(path);
    const text = await readLock(path, options.files);
    if (text === undefined) continue;
    const holder = parseOwner(text);
    if (holder !== undefined && (holder.host !== options.owner.host || options.isAlive(holder)))
      throw locked(path, holder, options.owner.host);
    await bury(path, text, options);
  }
  throw locked(path, undefined, options.owner.host);
}

async function createLock(path: string, { files, owner, clock }: LockOptions): Promise<boolean> {
  const file = await files.open(path, 'create');
  if (file === undefined) return false;
  try {
    const since = new Date(clock.now()).toISOString();
    await file.write(Buffer.from(`${JSON.stringify({ ...owner, since })}\n`), 0);
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

/**
 * Removes the lock of a dead owner under a lock of its own, named by what the dead one wrote: of all who found it only one removes it, and
 * never the lock that somebody took since.
 */
async function bury(path: string, seen: string, options: LockOptions): Promise<void> {
  const { files, clock } = options;
  const release = await takeLock(`${path}.${hash('sha256', seen).slice(0, NAME_DIGITS)}`, options).catch(unlessLocked);
  if (release === undefined) return clock.sleep(SECOND_LOOK_MS);
  try {
    if (parseOwner(seen) === undefined) await clock.sleep(SECOND_LOOK_MS);
    if ((await readLock(path, files)) === seen) await files.remove(path);
  } finally {
    await release();
  }
}

/** Somebody else is burying it. */
function unlessLocked(error: unknown): undefined {
  if (!(error instanceof AppError) || error.code !== 'archive-locked') throw error;
}

interface Holder extends ProcessIdentity {
  /** Since when, as it wrote it. */
  readonly since: string | undefined;
}

function parseOwner(text: string): Holder | undefined {
  try {
    const written = JSON.parse(text) as Partial<Holder>;
    const identity = readIdentity(written);
    return identity && { ...identity, since: typeof written.since === 'string' ? written.since : undefined };
  } catch {
    return undefined;
  }
}

function locked(path: string, holder: Holder | undefined, here: string): AppError {
  if (holder === undefined) return busy('another run', `If nothing is running there any more: rm ${shellWord(path)}`);
  const { pid, host, since } = holder;
  const who = `process ${pid} on ${printable(host)}${since === undefined ? '' : `, since ${printable(since)},`}`;
  const elsewhere = `${printable(host)} is another machine or container, whose processes cannot be seen from here: if it is gone for good, rm ${shellWord(path)}`;
  return busy(who, host === here ? '' : elsewhere);
}

function busy(who: string, more: string): AppError {
  return new AppError('archive-locked', `${who} is writing this account of the archive`, {
    hint: `Wait for it to end. ${more}`.trim(),
  });
}
