// Sessions shared by the whole mirror: opened when work waits for one, replaced when they break, fewer when the server wants fewer.
//
//   wanted ──opening──▶ busy ⇄ idle        at most SessionCount.wanted of the three together, never less than 1, so somebody always gets on
//              │          └──▶ gone         broken sessions are dropped; waiting work opens the next
//              └─ fails with others alive:  as many as are alive; the work waits for one of them
//              └─ fails with none alive:    the pool is dead; all waiting work gets that error
import { type Clock, cancelled, nextTurn, type Timer } from '../../../core/clock.ts';
import { AppError, reportOf } from '../../../core/errors.ts';
import { formatCount } from '../../../core/units.ts';
import type { FtpClient } from '../../../protocols/ftp/index.ts';
import { type KnownLimit, SessionCount } from './session-count.ts';

export interface PoolOptions {
  readonly connect: () => Promise<FtpClient>;
  /** At most this many sessions. */
  readonly sessions: number;
  /** What an earlier run found the server to allow. */
  readonly known?: KnownLimit | undefined;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly warn: (message: string) => void;
}

/** Tries of one piece of work, each on another session. */
const SESSION_TRIES = 3;
/** Data connections refused: on a session that has done work its TLS tickets may have expired or be used up. */
const WORN = new Set(['data-not-opened', 'data-tls-refused']);
/** Worn sessions that cost one piece of work no try. After the first it gets one that has done nothing yet, unless none can be opened. */
const WORN_MAX = 9;
/** Sessions that may break in a row, beyond one for each lane, without anything done between: then it is the server, not the work. */
const BROKEN_IN_ROW_MAX = 9;
/** A session idle this long may have been closed by the server: it is asked before work relies on it. */
const IDLE_MS_MAX = 20_000;
/** Logins under way at once after the first succeeded: servers ban bursts, and hash passwords slowly. */
const OPENING_MAX = 3;
/** From here on round trips cost more than further logins do. */
const FAR_MS = 10;

/** Work waits and nothing was done for so long: more sessions are tried. */
const STUCK_MS = 2_000;

/** A piece of work from when it is asked for until it is done or given up. */
interface Piece {
  readonly work: (client: FtpClient, attempt: number) => Promise<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  attempts: number;
  /** Failed on a broken session; */
  tries: number;
  /** or on a worn one: it wants one that has done nothing yet, else it might meet one worn session after another, while other work takes the new ones. */
  worn: number;
}

export class Pool {
  /** How many pieces of work are worth starting side by side. */
  readonly lanes: number;
  readonly #options: PoolOptions;
  readonly #idle: FtpClient[] = [];
  readonly #idleSince = new WeakMap<FtpClient, number>();
  readonly #busy = new Set<FtpClient>();
  /** Those that have done a piece of work. */
  readonly #used = new WeakSet<FtpClient>();
  readonly #waiters: Piece[] = [];
  readonly #count: SessionCount;
  #watched: Timer | undefined;
  /** Pieces of work. */
  #done = 0;
  #opening = 0;
  #proven = false;
  /** Sessions that are opened though no work waits for them yet. */
  #expected = 0;
  #announced = false;
  #far = false;
  #brokenInRow = 0;
  #failure: Error | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    const { sessions, known, clock } = options;
    this.lanes = Math.max(1, sessions);
    this.#count = new SessionCount(
      sessions,
      known === undefined ? undefined : { sessions: known.sessions, ageMs: clock.now() - known.at },
    );
    if (options.signal.aborted) this.#die(cancelled(options.signal));
    options.signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** Why no session can be had any more. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** How many sessions the server allows, when that is less than were asked for. */
  get allowed(): KnownLimit | undefined {
    const sessions = this.#count.allowed;
    return sessions === undefined ? undefined : { sessions, at: this.#options.clock.now() };
  }

  /** Sessions alive. */
  get open(): number {
    return this.#idle.length + this.#busy.size;
  }

  /**
   * Does a piece of work on a session; when the session breaks, or its data connections do, again on another, at most SESSION_TRIES times
   * (worn ones apart): the work must bear repetition. `attempt` is 1 for the first.
   */
  use<T>(work: (client: FtpClient, attempt: number) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#ask({ work, resolve: resolve as Piece['resolve'], reject, attempts: 0, tries: 0, worn: 0 });
    });
  }

  /** Says goodbye on every idle session; cuts those still at work. Never throws. */
  async close(): Promise<void> {
    this.#options.signal.removeEventListener('abort', this.#abort);
    const idle = this.#idle.splice(0);
    this.#die(new AppError('closed', 'the sessions are closed'));
    await Promise.all(idle.map(client => client.quit().catch(() => client.close())));
  }

  /** Much work may come: where round trips take long, so many sessions are opened as fast as logins may follow each other. */
  expect(sessions: number): void {
    this.#expected = Math.max(this.#expected, sessions);
    if (this.#far) this.#prepare();
  }

  /** Much work does come: those that are wanted before it is known what more of them bring are opened now, wherever the server is. */
  announce(sessions: number): void {
    this.#announced = true;
    this.#expected = Math.max(this.#expected, sessions);
    this.#prepare();
  }

  #prepare(): void {
    if (this.#far) this.#count.expect(this.#expected);
    while (this.#failure === undefined && this.#mayOpen()) void this.#openOne();
  }

  readonly #abort = () => this.#die(cancelled(this.#options.signal));

  #ask(piece: Piece): void {
    this.#waiters.push(piece);
    this.#serve();
  }

  #begin(piece: Piece, client: FtpClient): void {
    piece.attempts += 1;
    begun(piece, client).then(
      result => this.#finished(piece, client, result),
      error => this.#broken(piece, client, error),
    );
  }

  #finished(piece: Piece, client: FtpClient, result: unknown): void {
    this.#brokenInRow = 0;
    this.#used.add(client);
    this.#done += 1;
    if (this.#waiters.length > 0) this.#count.done(this.#options.clock.elapsed(), this.open);
    piece.resolve(result);
    const isGoing = this.#failure === undefined && client.usable && !this.#waiters.some(isEager);
    const next = isGoing ? this.#waiters.shift() : undefined;
    if (next === undefined) return this.#release(client);
    this.#begin(next, client);
    this.#serve();
  }

  #broken(piece: Piece, client: FtpClient, error: unknown): void {
    if (!(error instanceof AppError) || error.retry !== 'reconnect') {
      if (client.usable) this.#brokenInRow = 0;
      return this.#giveUp(piece, client, error);
    }
    client.close(error);
    if (WORN.has(error.code) && this.#used.has(client) && piece.worn < WORN_MAX) piece.worn += 1;
    else piece.tries += 1;
    if (error.code === 'too-many-connections') this.#fewer(error, this.open - 1);
    this.#brokenInRow += 1;
    if (this.#brokenInRow >= BROKEN_IN_ROW_MAX + this.lanes) this.#die(error);
    if (piece.tries >= SESSION_TRIES || this.#failure !== undefined) return this.#giveUp(piece, client, this.#failure ?? error);
    this.#release(client);
    this.#ask(piece);
  }

  /** Whoever asked for it may want nothing more to be started: the session is given on when that was heard. */
  #giveUp(piece: Piece, client: FtpClient, error: unknown): void {
    piece.reject(error);
    if (client.usable) void nextTurn().then(() => this.#release(client));
    else this.#release(client);
  }

  #release(client: FtpClient): void {
    this.#busy.delete(client);
    if (this.#failure !== undefined) client.close(this.#failure);
    else if (client.usable) return this.#rest(client);
    this.#serve();
  }

  #serve(): void {
    while (this.#waiters.length > 0) {
      if (this.#failure !== undefined) {
        this.#waiters.shift()?.reject(this.#failure);
        continue;
      }
      const match = this.#match();
      if (match === undefined) {
        if (!this.#mayOpen()) return this.#watch();
        void this.#openOne();
        continue;
      }
      const [client] = this.#idle.splice(match.idle, 1) as [FtpClient];
      if (!client.usable) continue;
      this.#busy.add(client);
      if (this.#options.clock.elapsed() - (this.#idleSince.get(client) ?? 0) > IDLE_MS_MAX) void this.#probe(client);
      else for (const piece of this.#waiters.splice(match.waiter, 1)) this.#begin(piece, client);
    }
  }

  /** Whose turn it is and with which idle session: who wants a fresh one comes first to it, and takes another only when none can come. */
  #match(): { readonly waiter: number; readonly idle: number } | undefined {
    const last = this.#idle.length - 1;
    if (last < 0) return undefined;
    const eager = this.#waiters.findIndex(isEager);
    if (eager < 0) return { waiter: 0, idle: last };
    const unused = this.#idle.findLastIndex(client => !this.#used.has(client));
    if (unused >= 0) return { waiter: eager, idle: unused };
    const other = this.#waiters.findIndex(piece => !isEager(piece));
    if (other >= 0) return { waiter: other, idle: last };
    return this.#opening > 0 || this.#mayOpen() ? undefined : { waiter: eager, idle: last };
  }

  /** Small files do not wait for ever behind large ones. */
  #watch(): void {
    if (this.#watched !== undefined) return;
    const done = this.#done;
    this.#watched = this.#options.clock.after(STUCK_MS, () => {
      this.#watched = undefined;
      if (this.#waiters.length === 0) return;
      if (done === this.#done) this.#count.stuck();
      this.#serve();
    });
  }

  #rest(client: FtpClient): void {
    this.#idleSince.set(client, this.#options.clock.elapsed());
    this.#idle.push(client);
    this.#serve();
    if (client.riding && this.#idle.includes(client)) void this.#settle(client);
  }

  /** Commands that waited for the next piece of work leave alone when there is none. */
  async #settle(client: FtpClient): Promise<void> {
    await nextTurn();
    const at = this.#idle.indexOf(client);
    if (at < 0 || !client.riding) return;
    this.#idle.splice(at, 1);
    this.#busy.add(client);
    try {
      for (; client.riding; await nextTurn()) await client.flush();
    } catch (error) {
      client.close(error as Error);
    }
    this.#release(client);
  }

  /** Dead sessions are dropped without costing the work a try. */
  async #probe(client: FtpClient): Promise<void> {
    try {
      await client.noop();
    } catch (error) {
      client.close(error as Error);
    }
    this.#release(client);
  }

  #mayOpen(): boolean {
    const most = this.#proven ? OPENING_MAX : 1;
    const expected = this.#far || this.#announced ? this.#expected - this.open : 0;
    return (
      this.open + this.#opening < this.#count.wanted(this.#options.clock.elapsed()) &&
      this.#opening < Math.min(most, Math.max(expected, this.#waiters.length))
    );
  }

  async #openOne(): Promise<void> {
    this.#opening += 1;
    try {
      const client = await this.#options.connect();
      this.#proven = true;
      this.#far ||= client.distanceMs >= FAR_MS;
      if (this.#failure === undefined) this.#rest(client);
      else client.close(this.#failure);
    } catch (error) {
      this.#refused(error);
    } finally {
      this.#opening -= 1;
      this.#serve();
      if (this.#far || this.#announced) this.#prepare();
    }
  }

  /** With sessions alive, a refused login means "no more of you" (421, 530, refused, too many), whatever its words. */
  #refused(error: unknown): void {
    if (this.#failure !== undefined) return;
    if (this.open === 0 && this.#opening <= 1) return this.#die(error as Error);
    this.#fewer(error, this.open);
  }

  #fewer(error: unknown, alive: number): void {
    if (!this.#count.refused(this.#options.clock.elapsed(), alive)) return;
    this.#options.warn(
      `the server gives no more than ${formatCount(this.#count.allowed ?? 1, 'sessions')}: ${reportOf(error).message}`,
    );
  }

  #die(error: Error): void {
    this.#failure ??= error;
    this.#watched?.cancel();
    for (const client of [...this.#idle.splice(0), ...this.#busy]) client.close(this.#failure);
    this.#serve();
  }
}

function isEager({ worn }: Piece): boolean {
  return worn > 0;
}

function begun({ work, attempts }: Piece, client: FtpClient): Promise<unknown> {
  try {
    return work(client, attempts);
  } catch (error) {
    return Promise.reject(error);
  }
}
