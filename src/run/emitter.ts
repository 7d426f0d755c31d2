// Numbers, redacts and delivers the events of a run, in order, to listeners that may be slow or broken.
import type { Clock } from '../core/clock.ts';
import { type ErrorReport, reportOf } from '../core/errors.ts';
import type { Redactor } from '../core/secret.ts';
import type { Telling } from '../steps/step.ts';
import type { EventHead, RunEvent, RunEventBody, RunListener } from './events.ts';

/** Progress of one step is delivered at most this often; the newest always arrives before the attempt's end is told. */
export const PROGRESS_EVERY_MS = 100;

interface ProgressSlot {
  latest: Telling | undefined;
  deliveredAt: number;
  timer: { cancel(): void } | undefined;
}

export interface EmitterOptions {
  readonly runId: string;
  readonly clock: Clock;
  readonly redactor: Redactor;
  readonly listeners: readonly RunListener[];
  /** The step that a message about the run itself is filed under. */
  readonly firstStep: string;
  /** Of the last event that was emitted before; default 0. */
  readonly lastSeq?: number;
}

export class Emitter {
  readonly #options: EmitterOptions;
  readonly #dropped: { listener: string; error: ErrorReport }[] = [];
  readonly #progress = new Map<string, ProgressSlot>();
  #listeners: readonly RunListener[];
  #queue: Promise<void> = Promise.resolve();
  #seq: number;

  constructor(options: EmitterOptions) {
    this.#options = options;
    this.#listeners = options.listeners;
    this.#seq = options.lastSeq ?? 0;
  }

  get dropped(): readonly { readonly listener: string; readonly error: ErrorReport }[] {
    return this.#dropped;
  }

  /** Resolves when every listener has taken the event. */
  emit(body: Exclude<RunEventBody, { type: 'step-progress' }>): Promise<void> {
    if (body.type === 'step-retrying' || body.type === 'step-finished') this.#flush(body.step);
    return this.#enqueue(body);
  }

  /** Lossy: only the newest of a short time is delivered, and nobody waits for it. */
  progress(step: string, progress: Telling): void {
    const slot = this.#slot(step);
    slot.latest = progress;
    if (slot.timer !== undefined) return;
    const wait = slot.deliveredAt + PROGRESS_EVERY_MS - this.#options.clock.elapsed();
    if (wait <= 0) this.#flush(step);
    else slot.timer = this.#options.clock.after(wait, () => this.#flush(step));
  }

  #slot(step: string): ProgressSlot {
    const known = this.#progress.get(step);
    if (known !== undefined) return known;
    const fresh = { latest: undefined, deliveredAt: Number.NEGATIVE_INFINITY, timer: undefined };
    this.#progress.set(step, fresh);
    return fresh;
  }

  #flush(step: string): void {
    const slot = this.#progress.get(step);
    if (slot?.latest === undefined) return;
    const { latest } = slot;
    slot.timer?.cancel();
    [slot.latest, slot.timer, slot.deliveredAt] = [undefined, undefined, this.#options.clock.elapsed()];
    void this.#enqueue({ type: 'step-progress', step, ...(typeof latest === 'function' ? latest() : latest) });
  }

  #enqueue(body: RunEventBody): Promise<void> {
    const head = { seq: 0, at: this.#options.clock.now(), run: this.#options.runId };
    this.#queue = this.#queue.then(() => this.#deliver(head, body));
    return this.#queue;
  }

  async #deliver(head: EventHead, body: RunEventBody): Promise<void> {
    this.#seq += 1;
    const event = { ...head, seq: this.#seq, ...this.#options.redactor.redactValue(body) } as RunEvent;
    for (const listener of this.#listeners) {
      try {
        const taken = listener.on(event);
        if (event.type !== 'step-progress') await taken;
        else if (taken instanceof Promise) taken.catch(error => this.#drop(listener, error, body));
      } catch (error) {
        this.#drop(listener, error, body);
      }
    }
  }

  /** A broken listener hears no more, and the others hear why. The run goes on. */
  #drop(listener: RunListener, error: unknown, during: RunEventBody): void {
    if (!this.#listeners.includes(listener)) return;
    this.#listeners = this.#listeners.filter(other => other !== listener);
    const report = this.#options.redactor.redactValue(reportOf(error));
    this.#dropped.push({ listener: listener.name, error: report });
    if (during.type === 'run-finished') return;
    const step = 'step' in during ? during.step : this.#options.firstStep;
    const message = `${listener.name} stopped listening: ${report.message}`;
    void this.#enqueue({ type: 'step-note', step, level: 'warning', message });
  }
}
