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
    bury(db, other.id, now);
  }
}

/** Every run, of whatever job, that says it is running and is held by nobody. Call inside a transaction. */
export function buryAll(db: Database, { holds, now }: HolderOptions): readonly RunRecord[] {
  const open = db.rows(`SELECT * FROM runs WHERE status = 'running' ORDER BY started_at, rowid`).map(row => runOf(row, db));
  const dead = open.filter(run => !holds(run));
  for (const { id } of dead) bury(db, id, now);
  return dead;
}

/** Its steps that had not ended ended with the process. */
function bury(db: Database, id: string, now: number): void {
  const error = JSON.stringify(CRASHED);
  db.write(`UPDATE runs SET status = 'failed', finished_at = ?, error = ? WHERE id = ?`, now, error, id);
  db.write(`UPDATE steps SET status = 'failed', error = ? WHERE run = ? AND status = 'running'`, error, id);
  db.write(`UPDATE steps SET status = 'cancelled' WHERE run = ? AND status = 'pending'`, id);
}

function held({ id, job, host, pid, startedAt }: RunRecord): AppError {
  const since = new Date(startedAt).toISOString();
  return new AppError('job-held', `${job} is already running: run ${id}, process ${pid} on ${host}, since ${since}`, {
    retry: 'later',
    hint: `Wait for its end, or end it with: postrider cancel ${id}`,
  });
}
