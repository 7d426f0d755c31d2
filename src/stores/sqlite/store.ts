// The store contract over node:sqlite: one file, no server. Import it lazily: it loads the database engine.
import { createHash } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import { AppError, MisuseError } from '../../core/errors.ts';
import type { Outbox } from '../../mail/outbox.ts';
import type { RunEvent } from '../../run/events.ts';
import type { Ledger } from '../../steps/step.ts';
import type {
  BeginOptions,
  OwnerStore,
  Retention,
  RunQuery,
  RunRecord,
  SlotStore,
  StepRecord,
  Store,
  UnendedJobs,
} from '../store.ts';
import { Database } from './database.ts';
import { buryAll, clearTheQueue, clearTheWay } from './holders.ts';
import { SqliteLedger } from './ledger.ts';
import { SqliteOutbox } from './outbox.ts';
import { SqliteOwners } from './owners.ts';
import { EVENTS_PER_RUN_MAX, Recorder } from './recorder.ts';
import { prune } from './retention.ts';
import { eventOf, runOf, stepOf } from './rows.ts';
import { SqliteSlots } from './slots.ts';

export interface SqliteStoreOptions {
  readonly clock: Clock;
  /** For tests. */
  readonly eventsPerRunMax?: number;
}

/** More runs than this are never read at once. */
export const RUNS_READ_MAX = 10_000;

/** `path` may be `:memory:`. Throws AppError `store-unusable`, `store-newer`. */
export async function openSqliteStore(path: string, options: SqliteStoreOptions): Promise<Store> {
  return new SqliteStore(new Database(path), options);
}

class SqliteStore implements Store {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #recorder: Recorder;
  readonly slots: SlotStore;
  readonly outbox: Outbox;
  readonly owners: OwnerStore;

  constructor(db: Database, { clock, eventsPerRunMax = EVENTS_PER_RUN_MAX }: SqliteStoreOptions) {
    this.#db = db;
    this.#clock = clock;
    this.#recorder = new Recorder(db, eventsPerRunMax);
    this.slots = new SqliteSlots(db);
    this.outbox = new SqliteOutbox(db, clock);
    this.owners = new SqliteOwners(db, clock);
  }

  async begin(run: RunRecord, steps: readonly StepRecord[], { holds, definition, decided }: BeginOptions = {}): Promise<void> {
    this.#db.transaction('power', () => {
      if (holds !== undefined) clearTheWay(this.#db, run, { holds, now: this.#clock.now() });
      this.#db.write(`DELETE FROM runs WHERE id = ? AND status = 'waiting' AND host = ? AND pid = ?`, run.id, run.host, run.pid);
      if (this.#addRun(run, definition) === 0) throw new AppError('run-exists', `a run ${run.id} is already recorded`);
      steps.forEach((step, position) => void this.#addStep(run.id, step, position));
      const closed = this.#db.write('UPDATE decisions SET open = 0 WHERE open = 1 AND run = ?', run.id);
      if (decided && closed === 0)
        throw new AppError('slot-withdrawn', `the slot of run ${run.id} does not wait for it any more`);
    });
  }

  async enqueue(run: RunRecord, holds: (other: RunRecord) => boolean): Promise<void> {
    this.#db.transaction('power', () => {
      clearTheQueue(this.#db, run, { holds, now: this.#clock.now() });
      this.#addRun({ ...run, status: 'waiting' }, undefined);
    });
  }

  async leaveQueue(run: string): Promise<void> {
    const sql = `UPDATE runs SET status = 'cancelled', finished_at = ? WHERE id = ? AND status = 'waiting'`;
    this.#db.write(sql, this.#clock.now(), run);
  }

  async definition(run: string): Promise<string | undefined> {
    const sql = 'SELECT body FROM definitions JOIN runs ON definition = hash WHERE id = ?';
    const row = this.#db.row(sql, run);
    return row === undefined ? undefined : String(row['body']);
  }

  async bury(holds: (run: RunRecord) => boolean): Promise<readonly RunRecord[]> {
    return this.#db.transaction('power', () => buryAll(this.#db, { holds, now: this.#clock.now() }));
  }

  async record(event: RunEvent, fence?: number): Promise<void> {
    if (event.type === 'run-started' && !this.#exists(event.run)) throw new MisuseError(`run ${event.run} was not begun`);
    this.#recorder.record(event, fence);
  }

  async runs({ job, status, since, limit }: RunQuery): Promise<readonly RunRecord[]> {
    // Only what is asked stands in the text, so that SQLite can choose an index for it.
    const asked: readonly (readonly [sql: string, value: string | number | undefined])[] = [
      ['job = ?', job],
      ['status = ?', status],
      ['started_at >= ?', since],
    ];
    const used = asked.filter((entry): entry is [string, string | number] => entry[1] !== undefined);
    const where = used.length === 0 ? '' : `WHERE ${used.map(([sql]) => sql).join(' AND ')}`;
    const rows = this.#db.rows(
      `SELECT * FROM runs ${where} ORDER BY started_at DESC, rowid DESC LIMIT ?`,
      ...used.map(([, value]) => value),
      Math.min(limit, RUNS_READ_MAX),
    );
    return rows.map(row => runOf(row, this.#db));
  }

  async unended(): Promise<UnendedJobs> {
    const jobs = { running: new Set<string>(), waiting: new Set<string>(), interrupted: new Set<string>() };
    for (const { status, job } of this.#db.rows('SELECT DISTINCT status, job FROM runs WHERE finished_at IS NULL'))
      jobs[status as keyof UnendedJobs]?.add(String(job));
    return jobs;
  }

  async durations(job: string, limit: number): Promise<readonly number[]> {
    const sql = `SELECT finished_at - started_at AS ms FROM runs WHERE job = ? AND status = 'succeeded' ORDER BY started_at DESC LIMIT ?`;
    return this.#db.rows(sql, job, Math.min(limit, RUNS_READ_MAX)).map(({ ms }) => Number(ms));
  }

  async run(idOrPrefix: string): Promise<RunRecord | undefined> {
    const exact = this.#db.row('SELECT * FROM runs WHERE id = ?', idOrPrefix);
    if (exact !== undefined) return runOf(exact, this.#db);
    if (idOrPrefix === '') return undefined;
    const sql = `SELECT * FROM runs WHERE id >= ?1 AND id < ?1 || char(1114111) LIMIT 2`;
    const [found, another] = this.#db.rows(sql, idOrPrefix);
    return found === undefined || another !== undefined ? undefined : runOf(found, this.#db);
  }

  async steps(run: string): Promise<readonly StepRecord[]> {
    const rows = this.#db.rows('SELECT * FROM steps WHERE run = ? ORDER BY position', run);
    return rows.map(row => stepOf(row, this.#db));
  }

  async events(run: string, step?: string, after = 0): Promise<readonly RunEvent[]> {
    const sql = 'SELECT * FROM events WHERE run = ?1 AND seq > ?3 AND (?2 IS NULL OR step = ?2) ORDER BY seq';
    return this.#db.rows(sql, run, step ?? null, after).map(row => eventOf(row, this.#db));
  }

  async lastSeq(run: string): Promise<number> {
    return Number(this.#db.row('SELECT max(seq) AS last FROM events WHERE run = ?', run)?.['last'] ?? 0);
  }

  /** Steps from name to name through the index instead of reading every run. */
  async jobs(): Promise<readonly string[]> {
    const rows = this.#db.rows(
      `WITH RECURSIVE names (job) AS (
         SELECT min(job) FROM runs
         UNION ALL SELECT (SELECT min(job) FROM runs WHERE job > names.job) FROM names WHERE names.job IS NOT NULL)
       SELECT job FROM names WHERE job IS NOT NULL`,
    );
    return rows.map(row => String(row['job']));
  }

  async prune(retention: Retention): Promise<boolean> {
    return prune(this.#db, retention);
  }

  ledger(job: string, step: string): Ledger {
    return new SqliteLedger(this.#db, this.#clock, job, step);
  }

  async close(): Promise<void> {
    this.#db.close();
  }

  #exists(run: string): boolean {
    return this.#db.row('SELECT 1 FROM runs WHERE id = ?', run) !== undefined;
  }

  #addRun(run: RunRecord, definition: string | undefined): number {
    const hash = definition === undefined ? null : createHash('sha256').update(definition).digest('hex');
    if (definition !== undefined)
      this.#db.write('INSERT OR IGNORE INTO definitions (hash, body) VALUES (?, ?)', hash, definition);
    return this.#db.write(
      `INSERT OR IGNORE INTO runs (id, job, file, trigger, started_at, finished_at, status, host, pid, error,
         owner, crashes, slot, retry_of, definition) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[run.id, run.job, run.file, run.trigger, run.startedAt, run.finishedAt ?? null, run.status, run.host, run.pid],
      run.error === undefined ? null : JSON.stringify(run.error),
      ...[run.owner ?? null, run.crashes ?? 0, run.slot ?? null, run.retryOf ?? null, hash],
    );
  }

  #addStep(run: string, step: StepRecord, position: number): number {
    return this.#db.write(
      `INSERT INTO steps (run, step, position, uses, status, attempts, started_at, duration_ms, outputs, error)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[run, step.step, position, step.uses, step.status, step.attempts, step.startedAt ?? null, step.durationMs ?? null],
      ...[JSON.stringify(step.outputs), step.error === undefined ? null : JSON.stringify(step.error)],
    );
  }
}
