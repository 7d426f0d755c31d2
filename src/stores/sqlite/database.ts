// The open database file: private to its owner, in WAL mode, its errors in our words.
import { chmodSync, closeSync, mkdirSync, openSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { AppError, fileError, MisuseError, type RetryClass } from '../../core/errors.ts';
import { migrate, storedVersion } from './migrations.ts';

export type Row = Readonly<Record<string, SQLOutputValue>>;

/** How long to wait for another process that is writing. */
const BUSY_MS = 5_000;

/**
 * How sure a write is when its call returns. `power`: it survives a power cut (WAL synced at commit). `process`: it survives
 * our crash, and a power cut once the next `power` write is done; for what comes by the thousand.
 */
export type Durability = 'power' | 'process';

export class Database {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #statements = new Map<string, StatementSync>();
  /** Of the file, and of the log of writes beside it: a backup may be copied into the one and the other removed. */
  readonly #inodes: readonly (number | undefined)[];
  #durability: Durability = 'power';
  #closed = false;

  constructor(path: string) {
    this.#path = path;
    if (path !== ':memory:') makePrivateFile(path);
    this.#db = this.#guard(() => new DatabaseSync(path, { timeout: BUSY_MS, enableForeignKeyConstraints: true }));
    try {
      this.#guard(() => {
        // WAL mode is written into the file: only into one that is ours.
        storedVersion(this.#db, path);
        this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
        migrate(this.#db, path);
      });
    } catch (error) {
      this.#db.close();
      throw error;
    }
    this.#inodes = inodesOf(path);
  }

  /**
   * Throws `store-unusable` when the file was deleted or replaced: whoever opens the store now would not see what is written to this one;
   * `store-newer` when a newer postrider has changed its tables meanwhile.
   */
  assertInPlace(): void {
    if (inodesOf(this.#path).every((inode, i) => inode === this.#inodes[i]))
      return this.#guard(() => void storedVersion(this.#db, this.#path));
    throw unusable(this.#path, 'was deleted or replaced while it was in use', 'Start postrider again.');
  }

  rows(sql: string, ...values: SQLInputValue[]): readonly Row[] {
    return this.#guard(() => this.#statement(sql).all(...values));
  }

  row(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#guard(() => this.#statement(sql).get(...values));
  }

  /** The number of rows changed. */
  write(sql: string, ...values: SQLInputValue[]): number {
    return this.#guard(() => Number(this.#statement(sql).run(...values).changes));
  }

  /** All of `work` or nothing of it. */
  transaction<T>(durability: Durability, work: () => T): T {
    return this.#guard(() => {
      if (durability !== this.#durability) this.#db.exec(`PRAGMA synchronous = ${durability === 'power' ? 'FULL' : 'NORMAL'}`);
      this.#durability = durability;
      this.#db.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        this.#db.exec('COMMIT');
        return result;
      } catch (error) {
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
        throw error;
      }
    });
  }

  /** JSON that this store once wrote. */
  parse(text: SQLOutputValue | undefined): unknown {
    try {
      return JSON.parse(String(text));
    } catch (cause) {
      throw unusable(this.#path, 'holds a value that is no JSON', RESTORE_HINT, { cause });
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#statements.clear();
    this.#db.close();
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const fresh = this.#db.prepare(sql);
    this.#statements.set(sql, fresh);
    return fresh;
  }

  #guard<T>(work: () => T): T {
    if (this.#closed) throw new MisuseError('the state store is closed');
    try {
      return work();
    } catch (error) {
      throw storeError(error, this.#path);
    }
  }
}

/** The folder 0700 when it is new, the file 0600 always; SQLite gives its -wal and -shm files the mode of the file. */
function makePrivateFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'a', 0o600));
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
  } catch (cause) {
    const { code, message, hint = STATE_HINT } = fileError(cause, path);
    throw unusable('the state store', message, code === 'file-denied' ? STATE_HINT : hint, { cause });
  }
}

const STATE_HINT = 'Choose another folder with --state, or check the owner and mode of this one.';
const RESTORE_HINT = 'Move the file away (history is lost, archives are not), or restore it from a backup.';

const SQLITE_FULL = 13;

/** SQLite's primary result codes (sqlite.org/rescode.html). */
const REASONS: Readonly<Record<number, readonly [text: string, hint: string, retry?: RetryClass]>> = {
  3: ['permission denied', STATE_HINT],
  5: ['another process is writing and does not stop', 'Look for a hanging postrider process.', 'later'],
  6: ['another process is writing and does not stop', 'Look for a hanging postrider process.', 'later'],
  8: ['is read-only', STATE_HINT],
  10: ['the disk reported an input/output error', 'Check the disk before you run again.'],
  11: ['is damaged', RESTORE_HINT],
  13: ['the disk is full', 'Free some space and run again.', 'later'],
  14: ['cannot be opened', STATE_HINT],
  26: ['is not a database', 'Move the file away, or choose another folder with --state.'],
};

function storeError(error: unknown, path: string): unknown {
  const errcode = (error as { errcode?: unknown }).errcode;
  if (error instanceof AppError || typeof errcode !== 'number') return error;
  const known = REASONS[isFull(path) ? SQLITE_FULL : errcode & 0xff];
  if (known === undefined) return unusable(path, (error as Error).message, STATE_HINT, { cause: error });
  const [text, hint, retry = 'never'] = known;
  return unusable(path, text, hint, { cause: error, retry });
}

/** A write that finds no room is an input/output error to SQLite where it maps memory (its -shm file). */
function isFull(path: string): boolean {
  try {
    return path !== ':memory:' && statfsSync(dirname(path)).bavail === 0;
  } catch {
    return false;
  }
}

function inodesOf(path: string): readonly (number | undefined)[] {
  if (path === ':memory:') return [];
  return [path, `${path}-wal`].map(file => statSync(file, { throwIfNoEntry: false })?.ino);
}

function unusable(path: string, text: string, hint: string, options: { cause?: unknown; retry?: RetryClass } = {}): AppError {
  return new AppError('store-unusable', `${path}: ${text}`, { hint, ...options });
}
