// ARCHIVE/index.sqlite: the full-text index (SQLite FTS5). It holds nothing that the archive does not; it may be deleted at any time.
import { closeSync, openSync, rmSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { AppError, fileError } from '../../core/errors.ts';
import type { IndexedText } from './indexed-text.ts';

export interface IndexedMessage extends IndexedText {
  readonly sha256: string;
  /** Epoch milliseconds. */
  readonly date: number;
  readonly size: number;
  readonly messageId: string | undefined;
}

/** How much of a manifest is in the index. */
export interface Source {
  readonly account: string;
  readonly month: string;
  readonly bytes: number;
}

/** A file of another version is thrown away. */
const VERSION = 2;
/** How long to wait for another process that is indexing. */
const BUSY_MS = 30_000;
const CACHE_KB = 64 * 1024;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS source (account TEXT, month TEXT, bytes INTEGER NOT NULL, PRIMARY KEY (account, month)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, month TEXT NOT NULL, sha256 TEXT NOT NULL,
    date INTEGER NOT NULL, size INTEGER NOT NULL, message_id TEXT, attachments INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS message_date ON message (date);
  CREATE INDEX IF NOT EXISTS message_source ON message (account, month);
  CREATE INDEX IF NOT EXISTS message_message_id ON message (message_id);
  CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
    sender, recipients, subject, body, files, tokenize = 'unicode61 remove_diacritics 2'
  );
  PRAGMA user_version = ${VERSION};
`;

export class IndexFile {
  readonly path: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(path: string, db: DatabaseSync) {
    this.path = path;
    this.#db = db;
  }

  /** Made when missing, and anew when it is damaged or of another version. Throws `index-unusable`. */
  static open(path: string): IndexFile {
    const opened = IndexFile.#tryOpen(path);
    if (opened !== undefined) return opened;
    IndexFile.remove(path);
    const fresh = IndexFile.#tryOpen(path);
    if (fresh !== undefined) return fresh;
    throw new AppError('index-unusable', `${path} cannot be made anew`, { hint: 'Delete it by hand; nothing is lost with it.' });
  }

  static remove(path: string): void {
    for (const name of [path, `${path}-journal`, `${path}-wal`, `${path}-shm`]) rmSync(name, { force: true });
  }

  static #tryOpen(path: string): IndexFile | undefined {
    let db: DatabaseSync | undefined;
    try {
      closeSync(openSync(path, 'a', 0o600));
      db = new DatabaseSync(path, { timeout: BUSY_MS });
      db.exec(`PRAGMA cache_size = -${CACHE_KB}`);
      const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
      const empty = Number(db.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count']) === 0;
      if (empty) db.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`);
      if (empty || version === VERSION) return new IndexFile(path, db);
    } catch (error) {
      db?.close();
      if (isDamage(error)) return undefined;
      throw unusable(path, error);
    }
    db.close();
    return undefined;
  }

  sources(): readonly Source[] {
    const rows = this.rows('SELECT account, month, bytes FROM source');
    return rows.map(row => ({ account: String(row['account']), month: String(row['month']), bytes: Number(row['bytes']) }));
  }

  /** Messages of a manifest from byte `from` to `to`. False when another process was faster: nothing was added. */
  add({ account, month }: Omit<Source, 'bytes'>, from: number, to: number, messages: readonly IndexedMessage[]): boolean {
    return this.#transaction(() => {
      const known = this.rows('SELECT bytes FROM source WHERE account = ? AND month = ?', account, month)[0]?.['bytes'] ?? 0;
      if (Number(known) !== from) return false;
      this.#run('INSERT OR REPLACE INTO source VALUES (?, ?, ?)', account, month, to);
      for (const message of messages) this.#addOne(account, month, message);
      return true;
    });
  }

  #addOne(account: string, month: string, message: IndexedMessage): void {
    const { sha256, date, size, messageId = null, attachments, sender, recipients, subject, body, files } = message;
    const id = this.#run(
      'INSERT INTO message (account, month, sha256, date, size, message_id, attachments) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ...[account, month, sha256, date, size, messageId, attachments],
    );
    const words = [sender, recipients, subject, body, files];
    this.#run('INSERT INTO words (rowid, sender, recipients, subject, body, files) VALUES (?, ?, ?, ?, ?, ?)', id, ...words);
  }

  /** A manifest that is gone or became shorter. */
  forget({ account, month }: Omit<Source, 'bytes'>): void {
    this.#transaction(() => {
      this.#run('DELETE FROM words WHERE rowid IN (SELECT id FROM message WHERE account = ? AND month = ?)', account, month);
      this.#run('DELETE FROM message WHERE account = ? AND month = ?', account, month);
      this.#run('DELETE FROM source WHERE account = ? AND month = ?', account, month);
    });
  }

  /** Makes searches faster after many messages came. */
  optimize(): void {
    this.#run("INSERT INTO words (words) VALUES ('optimize')");
  }

  rows(sql: string, ...values: SQLInputValue[]): readonly Readonly<Record<string, SQLOutputValue>>[] {
    return this.#guard(() => this.#statement(sql).all(...values));
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #run(sql: string, ...values: SQLInputValue[]): number {
    return this.#guard(() => Number(this.#statement(sql).run(...values).lastInsertRowid));
  }

  #transaction<T>(work: () => T): T {
    return this.#guard(() => {
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

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.#db.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof AppError) throw error;
      if (!isDamage(error)) throw unusable(this.path, error);
      throw new AppError('index-damaged', `${this.path} is damaged`, {
        hint: 'postrider archive reindex makes it anew.',
        cause: error,
      });
    }
  }
}

/** SQLITE_CORRUPT, SQLITE_NOTADB, and a schema that is not ours (sqlite.org/rescode.html). */
function isDamage(error: unknown): boolean {
  const code = (error as { errcode?: unknown }).errcode;
  return typeof code === 'number' && [1, 11, 26].includes(code & 0xff);
}

function unusable(path: string, error: unknown): AppError {
  const { errcode } = error as { errcode?: unknown };
  const told = typeof errcode === 'number' ? `${path}: ${(error as Error).message}` : fileError(error, path).message;
  const hint = 'The index needs a folder that can be written, and room there; it may be deleted at any time.';
  return new AppError('index-unusable', told, { hint, cause: error });
}
