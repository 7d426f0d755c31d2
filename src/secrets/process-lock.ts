// One process at a time: a lock file that names its holder and is taken over only from the dead.
import { link, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { AppError, fileError } from '../core/errors.ts';
import { type Random, randomHex } from '../core/random.ts';
import { printable, shellWord } from '../core/text.ts';
import { isAlive, type ProcessIdentity, readIdentity, thisProcess } from '../files/processes.ts';

interface LockHolder extends ProcessIdentity {
  /** Tells this taking of the lock from every other. */
  readonly nonce: string;
}

export interface ProcessLockOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** What the holder does, for the message: `writing the vault`. */
  readonly doing: string;
  /** Code of the error when it never ends. */
  readonly busyCode: string;
}

const WAIT_MS_MAX = 120_000;
const LOOK_AGAIN_MS = 40;
/** Looks get rarer when the holder is slow: it renews something over a network, or is stuck. */
const SLOW_MS = 10_000;
const LOOK_RARELY_MS = 1_000;
const NONCE_BYTES = 8;
const STALE_MS = 60_000;

/** Waits for its turn. Throws AppError `busyCode`. Resolves with what gives the lock back. */
export async function lockFile(path: string, options: ProcessLockOptions): Promise<() => Promise<void>> {
  const { clock, random } = options;
  const nonce = randomHex(random, NONCE_BYTES);
  const since = clock.elapsed();
  const own: LockHolder = { ...thisProcess(), nonce };
  while (!(await take(path, own))) {
    const holder = await holderOf(path);
    if (holder === undefined) continue;
    if (holder !== 'unknown' && isDead(holder)) {
      await bury(path, holder, options);
      continue;
    }
    const waited = clock.elapsed() - since;
    if (waited > WAIT_MS_MAX) throw busy(path, holder, options);
    await clock.sleep((waited < SLOW_MS ? LOOK_AGAIN_MS : LOOK_RARELY_MS) * (0.5 + random.fraction()));
  }
  await removeStaleTemps(path, clock.now());
  return () => rm(path, { force: true });
}

/** Half taken locks of processes that were killed. Whoever is only slow finds its own gone and tries again. */
async function removeStaleTemps(path: string, now: number): Promise<void> {
  const pattern = new RegExp(`^\\.[0-9a-f]{${NONCE_BYTES * 2}}\\.tmp$`);
  const base = basename(path);
  for (const name of await readdir(dirname(path)).catch(() => [])) {
    if (!name.startsWith(base) || !pattern.test(name.slice(base.length))) continue;
    const temp = join(dirname(path), name);
    const { mtimeMs } = await stat(temp).catch(() => ({ mtimeMs: now }));
    if (now - mtimeMs > STALE_MS) await rm(temp, { force: true });
  }
}

/** A link appears with its content, so nobody ever sees a lock without a holder. */
async function take(path: string, own: LockHolder): Promise<boolean> {
  const temp = `${path}.${own.nonce}.tmp`;
  let written = false;
  try {
    await writeFile(temp, `${JSON.stringify(own)}\n`, { mode: 0o600, flush: true });
    written = true;
    await link(temp, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || (code === 'ENOENT' && written)) return false;
    throw fileError(error, path);
  } finally {
    await rm(temp, { force: true });
  }
}

async function holderOf(path: string): Promise<LockHolder | 'unknown' | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(error, path);
  }
  try {
    const written = JSON.parse(text) as Partial<LockHolder>;
    const { nonce } = written;
    const holder = readIdentity(written);
    return holder !== undefined && typeof nonce === 'string' && /^[0-9a-f]+$/.test(nonce) ? { ...holder, nonce } : 'unknown';
  } catch {
    return 'unknown';
  }
}

/**
 * Removes the lock of a dead holder under a lock of its own, named by the dead one's nonce: of all who found it dead only one
 * removes it, and never the lock that somebody took since.
 */
async function bury(path: string, dead: LockHolder, options: ProcessLockOptions): Promise<void> {
  const release = await lockFile(`${path}.${dead.nonce}`, options);
  try {
    const now = await holderOf(path);
    if (now !== undefined && now !== 'unknown' && now.nonce === dead.nonce) await rm(path, { force: true });
  } finally {
    await release();
  }
}

/** Another machine's process cannot be asked, so it counts as alive. */
function isDead(holder: LockHolder): boolean {
  return holder.host === hostname() && !isAlive(holder);
}

function busy(path: string, holder: LockHolder | 'unknown', { doing, busyCode }: ProcessLockOptions): AppError {
  const who = holder === 'unknown' ? 'somebody' : `process ${holder.pid} on ${printable(holder.host)}`;
  return new AppError(busyCode, `${who} is ${doing} and does not end`, {
    retry: 'later',
    hint: `If nothing is running there any more: rm ${shellWord(path)}`,
  });
}
