// The outbox over node:sqlite: letters, their recipients, and their frozen bytes in pieces.
import { createHash } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { AppError, MisuseError } from '../../core/errors.ts';
import { formatSize } from '../../core/units.ts';
import {
  type DeliveryChange,
  type Letter,
  type LetterHead,
  type LetterKey,
  type LetterQuery,
  type Outbox,
  type Sender,
  WAIT_MS_MAX,
} from '../../mail/outbox.ts';
import type { Database } from './database.ts';
import { letterOf } from './letter-rows.ts';

/** Of one letter. */
const LETTER_BYTES_MAX = 2 * 1024 ** 3;
/** Letters read at once at most. */
const LETTERS_READ_MAX = 10_000;
const PIECE_BYTES = 256 * 1024;
/** A letter to which nothing has happened for so long is forgotten, unless it is still to be sent. */
const KEPT_MS = 90 * 24 * 3_600_000;
/** The run that wrote a letter sends it at once; only when it dies before that is the letter somebody else's to send. */
const FIRST_TRY_MS = 60_000;

export class SqliteOutbox implements Outbox {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async add(head: LetterHead, message: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Letter> {
    const id = idOf(head);
    const stored = this.#read(id);
    if (stored !== undefined) return stored;
    this.#forgetOld();
    const { size, sha256 } = await this.#freeze(id, message);
    this.#db.transaction('power', () => {
      const now = this.#clock.now();
      this.#db.write(
        `INSERT OR IGNORE INTO letters (id, job, run, report, file, connection, message_id, sender, subject, smtp_utf8, created_at,
           size, sha256, held) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)`,
        ...[id, head.job, head.run, head.report, head.file, head.connection, head.messageId, head.from, head.subject],
        ...[head.smtpUtf8 ? 1 : 0, now, size, sha256],
      );
      for (const [position, recipient] of head.to.entries()) {
        this.#db.write(
          `INSERT OR IGNORE INTO deliveries (letter, recipient, position, status, attempts, next_at, at)
           VALUES (?, ?, ?, 'queued', 0, ?, ?)`,
          ...[id, recipient, position, now + FIRST_TRY_MS, now],
        );
      }
    });
    return this.#known(id);
  }

  async find(key: LetterKey): Promise<Letter | undefined> {
    return this.#read(idOf(key));
  }

  async letter(idOrPrefix: string): Promise<Letter | undefined> {
    if (idOrPrefix === '') return undefined;
    const sql = 'SELECT id FROM letters WHERE substr(id, 1, length(?1)) = ?1 LIMIT 2';
    const [found, another] = this.#db.rows(sql, idOrPrefix);
    return found === undefined || another !== undefined ? undefined : this.#read(String(found['id']));
  }

  async letters({ job, open, limit }: LetterQuery): Promise<readonly Letter[]> {
    const rows = this.#db.rows(
      `SELECT id FROM letters WHERE (?1 IS NULL OR job = ?1) AND (?2 = 0 OR (held = 1 AND EXISTS (
         SELECT 1 FROM deliveries WHERE letter = id AND status NOT IN ('accepted', 'rejected'))))
       ORDER BY created_at DESC, rowid DESC LIMIT ?3`,
      ...[job ?? null, open === true ? 1 : 0, Math.min(limit, LETTERS_READ_MAX)],
    );
    return rows.map(row => this.#known(String(row['id'])));
  }

  async due(now: number, limit: number): Promise<readonly Letter[]> {
    const rows = this.#db.rows(
      `SELECT letter, min(coalesce(next_at, 0)) AS since FROM deliveries
       WHERE next_at <= ? OR next_at > ? OR status = 'data-sent' GROUP BY letter ORDER BY since LIMIT ?`,
      ...[now, now + WAIT_MS_MAX, Math.min(limit, LETTERS_READ_MAX)],
    );
    return rows.map(row => this.#known(String(row['letter'])));
  }

  async nextDue(): Promise<number | undefined> {
    const at = this.#db.row('SELECT min(next_at) AS at FROM deliveries WHERE next_at IS NOT NULL')?.['at'];
    return at === null || at === undefined ? undefined : Number(at);
  }

  message(id: string): AsyncIterable<Buffer> {
    return { [Symbol.asyncIterator]: () => this.#pieces(id) };
  }

  async claim(id: string, sender: Sender, isAlive: (other: Sender) => boolean): Promise<Letter | undefined> {
    return this.#db.transaction('power', () => {
      const row = this.#db.row('SELECT host, pid, since FROM letters WHERE id = ?', id);
      if (row === undefined) return undefined;
      const other = { host: String(row['host']), pid: Number(row['pid']), since: Number(row['since']) };
      if (row['pid'] !== null && isAlive(other)) return undefined;
      this.#db.write('UPDATE letters SET host = ?, pid = ?, since = ? WHERE id = ?', sender.host, sender.pid, sender.since, id);
      this.#db.write(
        `UPDATE deliveries SET status = 'indeterminate', attempts = attempts + 1, next_at = NULL, at = ?
         WHERE letter = ? AND status = 'data-sent'`,
        ...[this.#clock.now(), id],
      );
      return this.#read(id);
    });
  }

  async release(id: string): Promise<void> {
    this.#db.transaction('power', () =>
      this.#db.write('UPDATE letters SET host = NULL, pid = NULL, since = NULL WHERE id = ?', id),
    );
  }

  async dataSent(id: string, recipients: readonly string[]): Promise<void> {
    this.#db.transaction('power', () => {
      const sql = `UPDATE deliveries SET status = 'data-sent', next_at = NULL, at = ? WHERE letter = ? AND recipient = ?`;
      for (const recipient of recipients) this.#db.write(sql, this.#clock.now(), id, recipient);
    });
  }

  async settle(id: string, changes: readonly DeliveryChange[]): Promise<Letter> {
    this.#db.transaction('power', () => {
      for (const { recipient, status, nextAt, reply } of changes) {
        this.#db.write(
          `UPDATE deliveries SET status = ?, attempts = attempts + 1, next_at = ?, reply = ?, at = ?
           WHERE letter = ? AND recipient = ?`,
          ...[status, nextAt ?? null, reply ?? null, this.#clock.now(), id, recipient],
        );
      }
      const sql = `SELECT 1 FROM deliveries WHERE letter = ? AND status <> 'accepted' LIMIT 1`;
      if (this.#db.row(sql, id) === undefined) this.#letGo(id);
    });
    return this.#known(id);
  }

  async requeue(id: string, now: number): Promise<number> {
    return this.#db.write(
      `UPDATE deliveries SET status = 'queued', attempts = 0, next_at = ?1, at = ?1 WHERE letter = ?2 AND status <> 'accepted'
         AND EXISTS (SELECT 1 FROM letters WHERE id = ?2 AND held = 1)`,
      ...[now, id],
    );
  }

  async drop(id: string): Promise<void> {
    this.#db.transaction('power', () => {
      this.#letGo(id);
      this.#db.write(
        `UPDATE deliveries SET next_at = NULL, reply = 'dropped by hand', at = ?,
           status = CASE status WHEN 'queued' THEN 'not-sent' WHEN 'data-sent' THEN 'indeterminate' ELSE status END
         WHERE letter = ? AND status NOT IN ('accepted', 'rejected')`,
        ...[this.#clock.now(), id],
      );
    });
  }

  /** Pieces of a letter that nobody finished freezing are in the way of the next try and go first. */
  async #freeze(id: string, message: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    const sum = createHash('sha256');
    let size = 0;
    let position = 0;
    this.#db.write('DELETE FROM letter_pieces WHERE letter = ?', id);
    for await (const chunk of message) {
      for (let from = 0; from < chunk.length; from += PIECE_BYTES) {
        const piece = chunk.subarray(from, from + PIECE_BYTES);
        size += piece.length;
        if (size > LETTER_BYTES_MAX) throw tooBig();
        sum.update(piece);
        const sql = 'INSERT INTO letter_pieces (letter, position, bytes) VALUES (?, ?, ?)';
        this.#db.transaction('process', () => this.#db.write(sql, id, position++, piece));
      }
    }
    return { size, sha256: sum.digest('hex') };
  }

  async *#pieces(id: string): AsyncGenerator<Buffer> {
    const { size, sha256 } = this.#known(id);
    const sum = createHash('sha256');
    let read = 0;
    for (let position = 0; read < size; position++) {
      const row = this.#db.row('SELECT bytes FROM letter_pieces WHERE letter = ? AND position = ?', id, position);
      const bytes = row?.['bytes'];
      if (!(bytes instanceof Uint8Array) || bytes.length === 0) throw damaged(id);
      read += bytes.length;
      sum.update(bytes);
      // Checked before the last piece is handed out: nothing that was tampered with ends as a whole mail.
      if (read > size || (read === size && sum.digest('hex') !== sha256)) throw damaged(id);
      yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
  }

  #letGo(id: string): void {
    this.#db.write('UPDATE letters SET held = 0 WHERE id = ?', id);
    this.#db.write('DELETE FROM letter_pieces WHERE letter = ?', id);
  }

  #forgetOld(): void {
    const before = this.#clock.now() - KEPT_MS;
    if (this.#db.row('SELECT 1 FROM letters WHERE created_at < ? LIMIT 1', before) === undefined) return;
    const old = `created_at < ?1 AND NOT EXISTS (
      SELECT 1 FROM deliveries WHERE letter = letters.id AND (next_at IS NOT NULL OR at >= ?1))`;
    this.#db.transaction('power', () => {
      this.#db.write(`DELETE FROM letter_pieces WHERE letter IN (SELECT id FROM letters WHERE ${old})`, before);
      this.#db.write(`DELETE FROM letters WHERE ${old}`, before);
    });
  }

  #read(id: string): Letter | undefined {
    const row = this.#db.row('SELECT * FROM letters WHERE id = ?', id);
    return row === undefined
      ? undefined
      : letterOf(row, this.#db.rows('SELECT * FROM deliveries WHERE letter = ? ORDER BY position', id));
  }

  #known(id: string): Letter {
    const letter = this.#read(id);
    if (letter === undefined) throw new MisuseError(`there is no letter ${id} in the outbox`);
    return letter;
  }
}

function idOf({ job, run, report }: LetterKey): string {
  return createHash('sha256')
    .update(JSON.stringify([job, run, report]))
    .digest('hex')
    .slice(0, 16);
}

function tooBig(): AppError {
  return new AppError('message-too-big', `the mail is bigger than ${formatSize(LETTER_BYTES_MAX)}`, { hint: 'Attach less.' });
}

function damaged(id: string): AppError {
  return new AppError('letter-damaged', `the letter ${id} in the outbox is not what was put there`, {
    hint: `Nothing of it was sent now; drop it with: postrider outbox drop ${id}`,
  });
}
