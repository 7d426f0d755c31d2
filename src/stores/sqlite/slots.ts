// What schedulers remember, over node:sqlite: cursors, decisions, pauses.
import type { Cursor, DecideRequest, Decision, DecisionQuery, Pause, SlotStore } from '../store.ts';
import type { Database, Row } from './database.ts';

/** More decisions than this are never read at once. */
const DECISIONS_READ_MAX = 10_000;

/** `every` goes on counting from where it began when the clock was set back a little. */
const ANCHOR_AHEAD_MS = 86_400_000;

export class SqliteSlots implements SlotStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async open(cursor: Cursor): Promise<Cursor> {
    const [stored = cursor] = await this.openAll([cursor]);
    return stored;
  }

  async openAll(cursors: readonly Cursor[]): Promise<readonly Cursor[]> {
    return this.#db.transaction('power', () => cursors.map(cursor => this.#open(cursor)));
  }

  #open({ job, schedule, anchor, decidedTo }: Cursor): Cursor {
    const stored = () => this.#db.row('SELECT * FROM cursors WHERE job = ? AND schedule = ?', job, schedule);
    const known = stored();
    if (known !== undefined) return cursorOf(known);
    const sql = 'INSERT INTO cursors (job, schedule, anchor, decided_to) VALUES (?, ?, ?, ?)';
    this.#db.write(sql, job, schedule, anchor, decidedTo);
    return { job, schedule, anchor, decidedTo };
  }

  async cursors(job: string): Promise<readonly Cursor[]> {
    return this.#db.rows('SELECT * FROM cursors WHERE job = ? ORDER BY schedule', job).map(cursorOf);
  }

  async forget(job: string, keep: readonly string[]): Promise<void> {
    const sql = 'DELETE FROM cursors WHERE job = ? AND schedule NOT IN (SELECT value FROM json_each(?))';
    this.#db.write(sql, job, JSON.stringify(keep));
  }

  async decide(cursor: Cursor, to: number, decisions: readonly Decision[], seenWaiting?: number): Promise<boolean> {
    const seen = seenWaiting === undefined ? {} : { seenWaiting };
    const [decided = false] = await this.decideAll([{ cursor, to, decisions, ...seen }]);
    return decided;
  }

  async decideAll(requests: readonly DecideRequest[]): Promise<readonly boolean[]> {
    return this.#db.transaction('power', () => {
      this.#db.assertInPlace();
      return requests.map(request => this.#decide(request));
    });
  }

  async takeBack({ job, schedule, decidedTo }: Cursor, to: number): Promise<boolean> {
    return this.#db.transaction('power', () => {
      const moved = this.#db.write(
        `UPDATE cursors SET decided_to = ?1, anchor = iif(anchor > ?1 + ${ANCHOR_AHEAD_MS}, ?1, anchor) WHERE job = ?2 AND schedule = ?3 AND decided_to = ?4`,
        ...[to, job, schedule, decidedTo],
      );
      if (moved === 0) return false;
      const early = `DELETE FROM decisions WHERE job = ? AND schedule = ? AND slot > ? AND (open = 1 OR action = 'skipped')`;
      this.#db.write(early, job, schedule, to);
      return true;
    });
  }

  async waitingByJob(): Promise<ReadonlyMap<string, number>> {
    const rows = this.#db.rows('SELECT job, count(*) AS waiting FROM decisions WHERE open = 1 GROUP BY job');
    return new Map(rows.map(row => [String(row['job']), Number(row['waiting'])]));
  }

  #decide({ cursor, to, decisions, seenWaiting }: DecideRequest): boolean {
    if (seenWaiting !== undefined && this.#waitingOf(cursor.job) !== seenWaiting) return false;
    const moved = this.#db.write(
      'UPDATE cursors SET decided_to = ? WHERE job = ? AND schedule = ? AND decided_to = ? AND decided_to < ?',
      ...[to, cursor.job, cursor.schedule, cursor.decidedTo, to],
    );
    if (moved === 0) return false;
    for (const decision of decisions) this.#add(decision);
    return true;
  }

  #waitingOf(job: string): number {
    return Number(this.#db.row('SELECT count(*) AS waiting FROM decisions WHERE job = ? AND open = 1', job)?.['waiting']);
  }

  async waiting(limit: number): Promise<readonly Decision[]> {
    const sql = 'SELECT * FROM decisions WHERE open = 1 ORDER BY slot, job, schedule LIMIT ?';
    return this.#db.rows(sql, Math.min(limit, DECISIONS_READ_MAX)).map(decisionOf);
  }

  async withdraw({ job, schedule, slot }: Decision, reason: string, detail: string): Promise<boolean> {
    const changed = this.#db.write(
      `UPDATE decisions SET action = 'skipped', open = 0, run = NULL, reason = ?, detail = ?
       WHERE job = ? AND schedule = ? AND slot = ? AND open = 1`,
      ...[reason, detail, job, schedule, slot],
    );
    return changed > 0;
  }

  async decisions({ job, since, until, limit }: DecisionQuery): Promise<readonly Decision[]> {
    const rows = this.#db.rows(
      `SELECT * FROM decisions WHERE ${job === undefined ? '' : 'job = ? AND '}slot BETWEEN ? AND ? ORDER BY slot DESC, schedule LIMIT ?`,
      ...(job === undefined ? [] : [job]),
      ...[since ?? Number.MIN_SAFE_INTEGER, until ?? Number.MAX_SAFE_INTEGER, Math.min(limit, DECISIONS_READ_MAX)],
    );
    return rows.map(decisionOf);
  }

  async pause({ job, since, reason }: Pause): Promise<void> {
    const sql = 'INSERT OR REPLACE INTO pauses (job, since, reason) VALUES (?, ?, ?)';
    this.#db.write(sql, job, since, reason ?? null);
  }

  async resume(job: string): Promise<boolean> {
    return this.#db.write('DELETE FROM pauses WHERE job = ?', job) > 0;
  }

  async pauses(): Promise<readonly Pause[]> {
    return this.#db.rows('SELECT * FROM pauses ORDER BY job').map(row => ({
      job: String(row['job']),
      since: Number(row['since']),
      ...(row['reason'] === null ? {} : { reason: String(row['reason']) }),
    }));
  }

  /** The key alone keeps a slot from being decided twice, whatever a cursor says. */
  #add({ job, schedule, slot, decidedAt, action, reason, detail, run, open }: Decision): void {
    this.#db.write(
      `INSERT OR IGNORE INTO decisions (job, slot, schedule, decided_at, action, reason, detail, run, open)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[job, slot, schedule, decidedAt, action, reason ?? null, detail ?? null, run ?? null, open ? 1 : 0],
    );
  }
}

function cursorOf(row: Row): Cursor {
  return {
    job: String(row['job']),
    schedule: String(row['schedule']),
    anchor: Number(row['anchor']),
    decidedTo: Number(row['decided_to']),
  };
}

function decisionOf(row: Row): Decision {
  const text = (column: string) => (row[column] === null ? {} : { [column]: String(row[column]) });
  return {
    job: String(row['job']),
    schedule: String(row['schedule']),
    slot: Number(row['slot']),
    decidedAt: Number(row['decided_at']),
    action: row['action'] as Decision['action'],
    ...text('reason'),
    ...text('detail'),
    ...text('run'),
    open: row['open'] === 1,
  };
}
