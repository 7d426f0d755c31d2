// Who runs what, over node:sqlite: schedulers with their beat, the runs in their hands, and how a run changes hands.
import type { Clock } from '../../core/clock.ts';
import type { HeldRun, OwnerStore, RunRecord, SchedulerRecord } from '../store.ts';
import type { Database, Row } from './database.ts';
import { runOf } from './rows.ts';

export class SqliteOwners implements OwnerStore {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async beat({ owner, host, pid, jobsDir, startedAt }: Omit<SchedulerRecord, 'beat'>): Promise<void> {
    this.#db.transaction('process', () =>
      this.#db.write(
        `INSERT INTO schedulers (owner, host, pid, jobs_dir, started_at, beat) VALUES (?, ?, ?, ?, ?, 1)
         ON CONFLICT DO UPDATE SET beat = beat + 1`,
        ...[owner, host, pid, jobsDir, startedAt],
      ),
    );
  }

  async dismiss(owner: string): Promise<void> {
    this.#db.write('DELETE FROM schedulers WHERE owner = ?', owner);
  }

  async schedulers(): Promise<readonly SchedulerRecord[]> {
    return this.#db.rows('SELECT * FROM schedulers ORDER BY started_at, owner').map(schedulerOf);
  }

  async held(owner: string): Promise<readonly HeldRun[]> {
    const sql = `SELECT id, fence, cancel FROM runs WHERE status = 'running' AND owner = ?`;
    return this.#db.rows(sql, owner).map(row => ({
      run: String(row['id']),
      fence: Number(row['fence']),
      cancel: row['cancel'] === 1,
    }));
  }

  async claim(
    run: RunRecord,
    { owner, host, pid }: Pick<SchedulerRecord, 'owner' | 'host' | 'pid'>,
    alone: boolean,
  ): Promise<RunRecord | undefined> {
    return this.#db.transaction('power', () => {
      const rival = `SELECT 1 FROM runs WHERE job = ? AND status = 'running' LIMIT 1`;
      if (alone && this.#db.row(rival, run.job) !== undefined) return undefined;
      const claimed = this.#db.write(
        `UPDATE runs SET status = 'running', owner = ?, host = ?, pid = ?, fence = fence + 1
         WHERE id = ? AND status = 'interrupted' AND fence = ?`,
        ...[owner, host, pid, run.id, run.fence ?? 1],
      );
      const row = this.#db.row('SELECT * FROM runs WHERE id = ?', run.id);
      return claimed === 0 || row === undefined ? undefined : runOf(row, this.#db);
    });
  }

  async handBack(run: string, fence: number): Promise<boolean> {
    const sql = `UPDATE runs SET status = 'interrupted', owner = NULL, fence = fence + 1
      WHERE id = ? AND status = 'running' AND fence = ?`;
    return this.#db.transaction('power', () => this.#db.write(sql, run, fence)) > 0;
  }

  async beatRun(run: string): Promise<boolean> {
    return this.#db.transaction('process', () => {
      this.#db.write('UPDATE runs SET beat = beat + 1 WHERE id = ? AND owner IS NULL AND finished_at IS NULL', run);
      return this.#db.row('SELECT cancel FROM runs WHERE id = ?', run)?.['cancel'] === 1;
    });
  }

  async requestCancel(run: string): Promise<boolean> {
    const error = JSON.stringify({ code: 'cancelled', message: 'cancelled before it was taken up again', retry: 'never' });
    return this.#db.transaction('power', () => {
      const ended = this.#db.write(
        `UPDATE runs SET status = 'cancelled', finished_at = ?, error = ?, fence = fence + 1 WHERE id = ? AND status = 'interrupted'`,
        ...[this.#clock.now(), error, run],
      );
      if (ended > 0) {
        this.#db.write(`UPDATE steps SET status = 'cancelled' WHERE run = ? AND status IN ('pending', 'running')`, run);
        return true;
      }
      return this.#db.write(`UPDATE runs SET cancel = 1 WHERE id = ? AND status IN ('running', 'waiting')`, run) > 0;
    });
  }
}

function schedulerOf(row: Row): SchedulerRecord {
  return {
    owner: String(row['owner']),
    host: String(row['host']),
    pid: Number(row['pid']),
    jobsDir: String(row['jobs_dir']),
    startedAt: Number(row['started_at']),
    beat: Number(row['beat']),
  };
}
