// At most one run of a job at a time: who holds the job is refused a rival, and the records of dead holders are closed.
import { AppError, type ErrorReport } from '../../core/errors.ts';
import type { RunRecord } from '../store.ts';
import type { Database } from './database.ts';
import { runOf } from './rows.ts';

const CRASHED: ErrorReport = { code: 'crashed', message: 'the process that ran it is gone', retry: 'later' };

export interface HolderOptions {
  readonly holds: (other: RunRecord) => boolean;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Call inside the transaction that begins `run`. Throws AppError `job-held`, by which nothing is changed. */
export function clearTheWay(db: Database, run: RunRecord, { holds, now }: HolderOptions): void {
  const sql = `SELECT * FROM runs WHERE job = ? AND status = 'running' AND id <> ? ORDER BY started_at, rowid`;
  for (const other of db.rows(sql, run.job, run.id).map(row => runOf(row, db))) {
    if (holds(other)) throw held(other);
    bury(db, other, now);
  }
}

/** Call inside the transaction that lets `run` wait. Throws AppError `job-held` when another waits. */
export function clearTheQueue(db: Database, run: RunRecord, { holds, now }: HolderOptions): void {
  const open = db.row('SELECT run FROM decisions WHERE job = ? AND open = 1 AND run <> ? LIMIT 1', run.job, run.id);
  if (open !== undefined) throw queueFull(run.job, String(open['run']));
  const sql = `SELECT * FROM runs WHERE status = 'waiting' AND job = ? AND id <> ?`;
  for (const other of db.rows(sql, run.job, run.id).map(row => runOf(row, db))) {
    if (holds(other)) throw queueFull(run.job, other.id);
    bury(db, other, now);
  }
}

/** Every run, of whatever job, that says it is running or waiting and is held by nobody. Call inside a transaction. */
export function buryAll(db: Database, { holds, now }: HolderOptions): readonly RunRecord[] {
  const sql = `SELECT * FROM runs WHERE status IN ('running', 'waiting') ORDER BY started_at, rowid`;
  const dead = db
    .rows(sql)
    .map(row => runOf(row, db))
    .filter(run => !holds(run));
  return dead.map(run => bury(db, run, now));
}

/** A scheduler's run is left for schedulers; of any other the steps that had not ended ended with the process. */
function bury(db: Database, run: RunRecord, now: number): RunRecord {
  if (run.owner !== undefined) {
    db.write(
      `UPDATE runs SET status = 'interrupted', owner = NULL, fence = fence + 1, crashes = crashes + 1 WHERE id = ?`,
      run.id,
    );
  } else {
    const error = JSON.stringify(CRASHED);
    db.write(`UPDATE runs SET status = 'failed', finished_at = ?, error = ? WHERE id = ?`, now, error, run.id);
    db.write(
      `UPDATE steps SET status = 'failed', error = ?, progress = NULL WHERE run = ? AND status = 'running'`,
      error,
      run.id,
    );
    db.write(`UPDATE steps SET status = 'cancelled' WHERE run = ? AND status = 'pending'`, run.id);
  }
  const row = db.row('SELECT * FROM runs WHERE id = ?', run.id);
  return row === undefined ? run : runOf(row, db);
}

function held({ id, job, host, pid, startedAt }: RunRecord): AppError {
  const since = new Date(startedAt).toISOString();
  return new AppError('job-held', `${job} is already running: run ${id}, process ${pid} on ${host}, since ${since}`, {
    retry: 'later',
    hint: `Wait for its end, or end it with: postrider cancel ${id}`,
  });
}

function queueFull(job: string, id: string): AppError {
  return new AppError('job-held', `${job} is already running, and run ${id} waits for its end`, {
    retry: 'later',
    hint: '`overlap: queue` lets one run wait; `overlap: allow` would run them side by side.',
  });
}
