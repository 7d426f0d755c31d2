// Writes the events of runs: the log grows by one, and the rows of run and step move along, together or not at all.
import { AppError, type ErrorReport } from '../../core/errors.ts';
import type { RunEvent, RunEventBody } from '../../run/events.ts';
import type { Database } from './database.ts';

/** Notes beyond this many events of one run are left out of the log; what moves a step is always recorded. */
export const EVENTS_PER_RUN_MAX = 50_000;

const PROGRESS_EVERY_MS = 2_000;
const PROGRESS_KEPT_MAX = 1_000;

export class Recorder {
  readonly #db: Database;
  readonly #notesMax: number;
  /** Events by run, for runs that are still open. */
  readonly #counts = new Map<string, number>();
  /** When progress was last written, by run and step. */
  readonly #progressAt = new Map<string, number>();

  constructor(db: Database, eventsMax: number) {
    this.#db = db;
    this.#notesMax = eventsMax;
  }

  /** Throws AppError `run-lost` when the run has changed hands since `fence`. */
  record(event: RunEvent, fence?: number): void {
    if (event.type === 'step-progress') return this.#progress(event);
    const count = this.#count(event.run);
    if (event.type === 'step-note' && count > this.#notesMax) return;
    const { seq, at, run, ...body } = event;
    const full = event.type === 'step-note' && count === this.#notesMax;
    const stored = full
      ? { ...body, level: 'warning', message: 'the log of this run is full; further notes are left out' }
      : body;
    this.#db.transaction(event.type === 'step-note' ? 'process' : 'power', () => {
      if (fence !== undefined) this.#assertHeld(run, fence);
      const sql = 'INSERT OR IGNORE INTO events (run, seq, at, step, body) VALUES (?, ?, ?, ?, ?)';
      const added = this.#db.write(sql, run, seq, at, 'step' in body ? body.step : null, JSON.stringify(stored));
      if (added > 0) this.#move(event);
    });
    if (event.type === 'run-finished') this.#counts.delete(run);
    else this.#counts.set(run, count + 1);
  }

  #assertHeld(run: string, fence: number): void {
    const held = this.#db.row(`SELECT fence FROM runs WHERE id = ? AND status = 'running'`, run)?.['fence'];
    if (held !== fence) {
      throw new AppError('run-lost', `run ${run} is in other hands`, { hint: 'Another scheduler has taken it up meanwhile.' });
    }
  }

  /** Only now and then: it is there for who looks, and lost without harm. */
  #progress({ run, step, at, seq: _, type: __, ...progress }: RunEvent & { type: 'step-progress' }): void {
    const key = `${run} ${step}`;
    const last = this.#progressAt.get(key);
    if (last !== undefined && Math.abs(at - last) < PROGRESS_EVERY_MS) return;
    if (this.#progressAt.size >= PROGRESS_KEPT_MAX) this.#progressAt.clear();
    this.#progressAt.set(key, at);
    this.#db.transaction('process', () => {
      const sql = 'UPDATE steps SET progress = ? WHERE run = ? AND step = ?';
      this.#db.write(sql, JSON.stringify(progress), run, step);
    });
  }

  #move(event: RunEvent): void {
    const db = this.#db;
    switch (event.type) {
      case 'run-started':
        for (const { id, uses } of event.steps) this.#addStep(event.run, id, uses);
        return;
      case 'step-started':
        this.#addStep(event.run, event.step, event.uses);
        db.write(
          `UPDATE steps SET status = 'running', attempts = ?, started_at = coalesce(started_at, ?) WHERE run = ? AND step = ?`,
          ...[event.attempt, event.at, event.run, event.step],
        );
        return;
      case 'step-retrying':
        db.write('UPDATE steps SET error = ? WHERE run = ? AND step = ?', json(event.error), event.run, event.step);
        return;
      case 'step-finished':
        this.#addStep(event.run, event.step, '');
        db.write(
          'UPDATE steps SET status = ?, attempts = ?, duration_ms = ?, outputs = ?, error = ?, progress = NULL WHERE run = ? AND step = ?',
          ...[event.status, event.attempts, event.durationMs, JSON.stringify(event.outputs), json(event.error)],
          ...[event.run, event.step],
        );
        return;
      case 'run-finished':
        this.#finishRun(event);
        return;
      case 'step-note':
      case 'step-progress':
    }
  }

  #finishRun(event: RunEvent & Extract<RunEventBody, { type: 'run-finished' }>): void {
    this.#db.write(
      'UPDATE runs SET status = ?, finished_at = ?, error = ? WHERE id = ?',
      ...[event.status, event.at, json(event.error), event.run],
    );
    for (const [step, status] of Object.entries(event.steps)) {
      const sql = `UPDATE steps SET status = ? WHERE run = ? AND step = ? AND status IN ('pending', 'running')`;
      this.#db.write(sql, status, event.run, step);
    }
  }

  /** On-failure steps are not announced by begin(). */
  #addStep(run: string, step: string, uses: string): void {
    this.#db.write(
      `INSERT OR IGNORE INTO steps (run, step, position, uses, status, attempts, outputs)
       SELECT ?, ?, count(*), ?, 'pending', 0, '{}' FROM steps WHERE run = ?`,
      ...[run, step, uses, run],
    );
  }

  #count(run: string): number {
    const known = this.#counts.get(run);
    return known ?? Number(this.#db.row('SELECT count(*) AS events FROM events WHERE run = ?', run)?.['events']);
  }
}

function json(error: ErrorReport | undefined): string | null {
  return error === undefined ? null : JSON.stringify(error);
}
