// One deploy at a time: a folder on the server that only one can make, with a folder in it whose name says who made it and when.
//
//   none ──MKD lock, MKD lock/stamp──▶ held ──MKD lock/newer, RMD lock/stamp (every minute)──▶ held ──RMD, RMD──▶ none
//    │ MKD lock refused: somebody's. Their stamp is old, or their process is known to be gone, or they left it behind:
//    │   RMD lock/theirs, which only one can do, then MKD lock/stamp ──▶ held, taken over
//    │ no stamp in it: they are about to write theirs, or died before. After a pause RMD lock, which only works while it is empty
//    └ otherwise: AppError `mirror-locked`, to be tried again later
import type { Timer } from '../../../core/clock.ts';
import { AppError, MisuseError, RefusedError } from '../../../core/errors.ts';
import { printable } from '../../../core/text.ts';
import type { FtpClient } from '../../../protocols/ftp/index.ts';
import { LOCK_NAME } from '../trees/own-names.ts';
import { remotePath } from '../trees/paths.ts';
import { orRefused } from '../trees/remote-facts.ts';
import { isMissingPath, type Workshop } from '../workshop.ts';
import { forget, isGone, newOwner, type Owner, parseStamp, type Stamp, stampName } from './owner.ts';

/** straight: nobody was in the way. over: from one that ended without finishing. no-root: there is no place for a lock yet. */
export type Taken = 'straight' | 'over' | 'no-root';

/** How far a mirror came: whoever comes next has to look for what an unfinished one left, and so after one that touched nothing, too. */
export type Standing = 'untouched' | 'unfinished' | 'finished';

const BEAT_MS = 60_000;
/** Without a sign of life for so long, a lock is nobody's. All sessions of its owner may be busy with large files for a while. */
export const STALE_MS = 15 * 60_000;
/** How long an owner may need between its two commands. */
const EMPTY_MS = 5_000;
/** Others that may be quicker at an empty or dead lock. */
const TRIES = 4;
/** How long the end of a mirror that was cut may take to release it. */
const RELEASE_MS = 5_000;

export class ServerLock {
  readonly #workshop: Workshop;
  readonly #owner: Owner;
  readonly #folder: string;
  #stamp: string | undefined;
  #taking: Promise<Taken> | undefined;
  #beat: Timer | undefined;
  #renewing = false;

  constructor(workshop: Workshop) {
    this.#workshop = workshop;
    this.#owner = newOwner(workshop.context.run.host, workshop.context.random);
    this.#folder = remotePath(workshop.remoteRoot, LOCK_NAME);
  }

  get held(): boolean {
    return this.#stamp !== undefined;
  }

  /** Throws AppError `mirror-locked` when another mirror works there. Its first command leaves with whatever is asked next. */
  take(): Promise<Taken> {
    this.#taking = this.#take();
    return this.#taking;
  }

  async #take(): Promise<Taken> {
    let before: Taken = 'straight';
    for (let turn = 0; turn < TRIES; turn++) {
      const began = this.#workshop.context.clock.elapsed();
      if (await this.#make()) {
        if (await this.#sign(before === 'straight' ? began : undefined)) return before;
      } else {
        const stamps = await this.#stamps();
        if (stamps === undefined) return 'no-root';
        if (stamps.length === 0) await this.#clearEmpty();
        else if ((await this.#clear(stamps)) && (await this.#sign(undefined))) return 'over';
      }
      before = 'over';
    }
    throw this.#locked(undefined);
  }

  /** Never throws. What is just being taken is released, too; an unfinished mirror leaves word of it. */
  async release(standing: Standing): Promise<void> {
    const taken = await this.#taking?.catch(() => undefined);
    const unfinished = standing === 'unfinished' || (standing === 'untouched' && taken === 'over');
    this.#beat?.cancel();
    const stamp = this.#stamp;
    this.#stamp = undefined;
    forget(this.#owner);
    if (stamp === undefined) return;
    const left = unfinished ? stampName(this.#owner, this.#seconds(), true) : undefined;
    const { pool } = this.#workshop;
    if (pool.failure === undefined) await pool.use(client => this.#leave(client, stamp, left)).catch(() => undefined);
    else await this.#releaseAnew(stamp, left);
  }

  async #make(): Promise<boolean> {
    const asked = await this.#workshop.pool.use(async client => ({ made: client.soon.makeFolder(this.#folder) }));
    return isYes(asked.made);
  }

  /** `began`: when the folder was about to be made by us. Where that was long ago, or was not us, we look whether we are alone. */
  async #sign(began: number | undefined): Promise<boolean> {
    const { pool, context } = this.#workshop;
    const stamp = stampName(this.#owner, this.#seconds());
    const path = remotePath(this.#folder, stamp);
    if (
      !(await isYes(
        this.#soon(
          soon => soon.makeFolder(path),
          client => client.makeFolder(path),
        ),
      ))
    )
      return false;
    const quick = began !== undefined && context.clock.elapsed() - began < EMPTY_MS / 2;
    if (!quick && (await this.#stamps())?.some(name => name !== stamp)) {
      await pool.use(client => orRefused(client.removeFolder(path)));
      return false;
    }
    this.#stamp = stamp;
    this.#beat = context.clock.after(BEAT_MS, () => void this.#renew());
    return true;
  }

  /** Undefined when there is no such folder. */
  async #stamps(): Promise<readonly string[] | undefined> {
    try {
      return (await this.#workshop.pool.use(client => client.list(this.#folder))).map(({ name }) => name);
    } catch (error) {
      if (isMissingPath(error)) return undefined;
      throw error;
    }
  }

  /** Throws `mirror-locked` unless none of them is of a living owner. True: we are the one who removed the newest, and may go on. */
  async #clear(names: readonly string[]): Promise<boolean> {
    const stamps = names.map(name => {
      const stamp = parseStamp(name);
      if (stamp === undefined || !this.#isStale(stamp)) throw this.#locked(stamp);
      return { name, at: stamp.at };
    });
    stamps.sort((one, other) => one.at - other.at);
    return this.#workshop.pool.use(async client => {
      let removed = false;
      for (const { name } of stamps) removed = await isYes(client.removeFolder(remotePath(this.#folder, name)));
      return removed;
    });
  }

  async #clearEmpty(): Promise<void> {
    const { context, pool, signal } = this.#workshop;
    await context.clock.sleep(EMPTY_MS, signal);
    await pool.use(client => orRefused(client.removeFolder(this.#folder)));
  }

  #isStale(stamp: Stamp): boolean {
    return stamp.left || isGone(stamp, this.#owner) || this.#workshop.context.clock.now() - stamp.at * 1_000 > STALE_MS;
  }

  async #renew(): Promise<void> {
    const { context, stop } = this.#workshop;
    const [old, next] = [this.#stamp, stampName(this.#owner, this.#seconds())];
    if (old === undefined) return;
    this.#beat = context.clock.after(BEAT_MS, () => void this.#renew());
    if (old === next || this.#renewing) return;
    this.#renewing = true;
    try {
      const [make, remove] = [remotePath(this.#folder, next), remotePath(this.#folder, old)];
      await this.#soon(
        async soon => void (await Promise.all([isYes(soon.makeFolder(make)), soon.removeFolder(remove)])),
        async client => void ((await isYes(client.makeFolder(make))) && (await client.removeFolder(remove))),
      );
      if (this.#stamp === old) this.#stamp = next;
    } catch (error) {
      if (!isNo(error)) return;
      const names = (await this.#stamps().catch(() => [old])) ?? [];
      if (names.every(name => parseStamp(name)?.token === this.#owner.token) && names.length > 0) this.#stamp = names.at(-1);
      else
        stop(new AppError('lock-lost', `another mirror has taken over the lock ${printable(this.#folder)}`, { retry: 'later' }));
    } finally {
      this.#renewing = false;
    }
  }

  /** Together with other commands, or alone where the path is relative to a folder that the session has left. */
  async #soon(ask: (soon: FtpClient['soon']) => Promise<void>, alone: (client: FtpClient) => Promise<void>): Promise<void> {
    try {
      await this.#workshop.batch.soon(ask);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'folder-left') throw error;
      await this.#workshop.pool.use(alone);
    }
  }

  /** Where the absolute path is known, the commands leave with the goodbye of the session: nothing is waited for. */
  async #leave(client: FtpClient, stamp: string, left: string | undefined): Promise<void> {
    const together = client.absolute(this.#folder) !== undefined;
    const ways = together ? client.soon : client;
    const steps: readonly (() => Promise<void>)[] = [
      ...(left === undefined ? [] : [() => ways.makeFolder(remotePath(this.#folder, left))]),
      () => ways.removeFolder(remotePath(this.#folder, stamp)),
      ...(left === undefined ? [() => ways.removeFolder(this.#folder)] : []),
    ];
    for (const step of steps) {
      const answer = step().catch(() => undefined);
      if (!together) await answer;
    }
  }

  /** After a cut or a Ctrl-C: on a session of its own, and not for long. */
  async #releaseAnew(stamp: string, left: string | undefined): Promise<void> {
    const { context, reconnect } = this.#workshop;
    const enough = new AbortController();
    const timer = context.clock.after(RELEASE_MS, () => enough.abort(new MisuseError('the lock took too long to release')));
    try {
      const client = await reconnect(enough.signal);
      await this.#leave(client, stamp, left);
      await client.quit();
    } catch {
      // The next mirror on this machine sees that this process has gone; another waits until the stamp is old.
    } finally {
      timer.cancel();
    }
  }

  #seconds(): number {
    return Math.floor(this.#workshop.context.clock.now() / 1_000);
  }

  #locked(stamp: Stamp | undefined): AppError {
    const { context, remoteRoot } = this.#workshop;
    const minutes = stamp === undefined ? 0 : Math.max(0, Math.round((context.clock.now() / 1_000 - stamp.at) / 60));
    const who = stamp === undefined ? '' : ` by ${stamp.host}, process ${stamp.pid}, last sign of life ${minutes} min ago`;
    return new AppError('mirror-locked', `another mirror works on ${printable(remoteRoot)}${who}`, {
      retry: 'later',
      hint: `A lock without a sign of life for ${STALE_MS / 60_000} minutes is taken over; if nobody works there, delete the folder ${printable(this.#folder)} on the server.`,
    });
  }
}

async function isYes(answer: Promise<unknown>): Promise<boolean> {
  try {
    await answer;
    return true;
  } catch (error) {
    if (isNo(error)) return false;
    throw error;
  }
}

/** The server's answer, or a path relative to a folder that was left: not the end of the session. */
function isNo(error: unknown): boolean {
  return error instanceof RefusedError || (error instanceof AppError && error.code === 'folder-left');
}
