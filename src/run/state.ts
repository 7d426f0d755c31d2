// What has become of every step of one run so far.
//
//   pending ──► running ──► succeeded | failed | timed-out | cancelled
//      └──────────────────► skipped | failed (its `if` is broken) | cancelled
//
// A settled step never changes again.
import { assert } from '../core/assert.ts';
import { type ErrorReport, reportOf } from '../core/errors.ts';
import type { Redactor } from '../core/secret.ts';
import type { PlannedStep } from '../plan/plan.ts';
import type { NoteLevel, Outputs, StepFacts, StepStatus } from '../steps/step.ts';
import { isFailure, isSettled, type Standing } from './readiness.ts';
import type { EndedStep } from './resume.ts';

/** How a step ended. */
export type Ending =
  | { readonly status: 'succeeded'; readonly outputs: Outputs }
  | { readonly status: 'skipped' }
  | { readonly status: 'failed' | 'timed-out' | 'cancelled'; readonly error: unknown };

/** Notes kept for reports; all of them go to the listeners. */
export const NOTES_KEPT_MAX = 50;

interface Entry {
  readonly planned: PlannedStep;
  status: StepStatus;
  attempts: number;
  durationMs: number;
  outputs: Outputs;
  error: ErrorReport | undefined;
  tolerated: boolean;
  notes: { readonly level: NoteLevel; readonly message: string }[];
}

export class RunState {
  readonly #entries = new Map<string, Entry>();
  readonly #redactor: Redactor;
  #firstError: ErrorReport | undefined;

  constructor(steps: readonly PlannedStep[], redactor: Redactor) {
    this.#redactor = redactor;
    for (const planned of steps) this.add(planned);
  }

  /** On-failure steps join when their turn comes. */
  add(planned: PlannedStep): void {
    const fresh = { status: 'pending', attempts: 0, durationMs: 0, outputs: {}, error: undefined, tolerated: false } as const;
    this.#entries.set(planned.step.id, { planned, ...fresh, notes: [] });
  }

  /** What an earlier process saw the end of. */
  restore(id: string, { status, outputs, attempts, durationMs, error }: EndedStep): void {
    const entry = this.#entry(id);
    Object.assign(entry, { status, outputs, attempts, durationMs });
    if (error !== undefined) this.#fail(entry, error);
  }

  started(id: string, attempt: number): void {
    const entry = this.#entry(id);
    assert(!isSettled(entry.status), `step ${id} starts after its end`);
    entry.status = 'running';
    entry.attempts = attempt;
  }

  settle(id: string, ending: Ending, durationMs: number): StepFacts {
    const entry = this.#entry(id);
    assert(!isSettled(entry.status), `step ${id} ends twice`);
    entry.status = ending.status;
    entry.durationMs = Math.round(durationMs);
    if ('outputs' in ending) entry.outputs = ending.outputs;
    if ('error' in ending) this.#fail(entry, reportOf(ending.error));
    return this.#facts(entry);
  }

  note(id: string, level: NoteLevel, message: string): void {
    const { notes } = this.#entry(id);
    notes.push({ level, message });
    if (notes.length > NOTES_KEPT_MAX) notes.shift();
  }

  /** A step left out by --only or --from stands as succeeded for those that need it. */
  standing(id: string): Standing | undefined {
    const entry = this.#entries.get(id);
    return entry?.planned.excluded ? { status: 'succeeded', tolerated: false } : entry;
  }

  /** As they are, for expressions: a later step may be handed what an event would mask. */
  outputs(id: string): Outputs {
    return this.#entry(id).outputs;
  }

  ids(): readonly string[] {
    return [...this.#entries.keys()];
  }

  facts(): readonly StepFacts[] {
    return [...this.#entries.values()].map(entry => this.#facts(entry));
  }

  /** Of the first step that failed and was not tolerated. */
  get firstError(): ErrorReport | undefined {
    return this.#redactor.redactValue(this.#firstError);
  }

  #fail(entry: Entry, error: ErrorReport): void {
    entry.error = error;
    entry.tolerated = entry.planned.step.continueOnError && entry.status !== 'cancelled';
    if (isFailure(entry) && entry.status !== 'cancelled') this.#firstError ??= error;
  }

  #facts(entry: Entry): StepFacts {
    const { planned, status, attempts, durationMs, outputs, error, tolerated, notes } = entry;
    const { id, uses } = planned.step;
    const facts = { id, uses, status, attempts, durationMs, outputs, tolerated, notes: [...notes] };
    return this.#redactor.redactValue(error === undefined ? facts : { ...facts, error });
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    assert(entry !== undefined, `no step ${id} in this run`);
    return entry;
  }
}
