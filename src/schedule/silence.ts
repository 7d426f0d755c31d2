// Silence is not success: tells of slots that no run stands for, of slots begun late, and of runs that take far longer than usual.
import { formatDuration } from '../core/units.ts';
import type { Decision, RunRecord, Store } from '../stores/store.ts';
import { LATE_MS } from './planner.ts';
import type { Report, Say } from './report.ts';
import { isOverdue, OVERDUE_MS_MIN, usualMs } from './usual.ts';

/** What somebody should hear of even when nobody reads the log. */
export type Alert = (job: string, message: string, run?: string) => void;

export interface SilenceOptions {
  readonly store: Store;
  readonly say: Say;
  readonly alert: Alert;
}

const ALARMING: ReadonlySet<string> = new Set(['missed', 'too-old']);

export class Silence {
  readonly #options: SilenceOptions;
  readonly #told = new Set<string>();
  /** Looked up once a run. */
  readonly #usual = new Map<string, number | undefined>();

  constructor(options: SilenceOptions) {
    this.#options = options;
  }

  /** Of every decision, once it is recorded. */
  decided(decision: Decision): void {
    const { job, slot, action, reason = '', detail = '', run, decidedAt } = decision;
    const { say, alert } = this.#options;
    const late = decidedAt - slot;
    const about = { job, slot, ...(run === undefined ? {} : { run }) };
    if (action === 'skipped') {
      say({ ...about, level: 'warning', event: 'slot-skipped', message: detail, facts: { reason } });
      if (ALARMING.has(reason)) alert(job, `missed its slot at ${new Date(slot).toISOString()}: ${detail}`);
    } else if (late > LATE_MS) {
      const message = `missed while nothing was running; its run begins ${formatDuration(late)} late`;
      say({ ...about, level: 'warning', event: 'slot-late', message, facts: { 'late-ms': late } });
    } else if (action === 'queued') {
      say({ ...about, level: 'info', event: 'slot-queued', message: 'waits for the run before it' });
    }
  }

  /** Of every run that is going, now and then; each is told of once. */
  async look(runs: readonly RunRecord[], now: number): Promise<void> {
    const { store, say, alert } = this.#options;
    for (const run of runs) {
      const lasts = now - run.startedAt;
      if (this.#told.has(run.id) || lasts < OVERDUE_MS_MIN) continue;
      if (!this.#usual.has(run.id)) this.#usual.set(run.id, await usualMs(store, run.job));
      const usual = this.#usual.get(run.id);
      if (usual === undefined || !isOverdue(lasts, usual)) continue;
      this.#told.add(run.id);
      const message = `runs for ${formatDuration(now - run.startedAt)}; usual are ${formatDuration(usual)}`;
      const report: Report = { level: 'warning', event: 'run-overdue', job: run.job, run: run.id, message };
      say(report);
      alert(run.job, message, run.id);
    }
    const going = new Set(runs.map(({ id }) => id));
    for (const id of this.#usual.keys()) if (!going.has(id)) this.#usual.delete(id);
    for (const id of this.#told) if (!going.has(id)) this.#told.delete(id);
  }
}
