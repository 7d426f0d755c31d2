// The run as its events have told it so far: what every renderer draws from.
import type { ErrorReport } from '../core/errors.ts';
import { printable } from '../core/text.ts';
import type { RunEvent, RunStatus } from '../run/events.ts';
import type { NoteLevel, Outputs, StepProgress, StepStatus } from '../steps/step.ts';
import { SlidingRate } from './rate.ts';

export interface Note {
  readonly level: NoteLevel;
  readonly message: string;
}

export interface StepView {
  readonly id: string;
  readonly description: string;
  status: StepStatus;
  attempts: number;
  progress: StepProgress | undefined;
  readonly bytes: SlidingRate;
  readonly items: SlidingRate;
  /** Waiting for the next attempt until then (epoch ms). */
  retryAt: number | undefined;
  /** Why the last attempt failed, or how the step ended. */
  error: ErrorReport | undefined;
  lastNote: Note | undefined;
  /** Warnings and errors, the newest last; bounded. */
  warnings: readonly Note[];
  outputs: Outputs;
  durationMs: number;
  tolerated: boolean;
}

export interface FinishedRun {
  readonly status: RunStatus;
  readonly durationMs: number;
  readonly error?: ErrorReport;
}

const WARNINGS_KEPT_MAX = 20;

export class RunView {
  readonly #steps = new Map<string, StepView>();
  job = '';
  run = '';
  finished: FinishedRun | undefined;

  /** In the order of the job file, on-failure steps after them. */
  get steps(): readonly StepView[] {
    return [...this.#steps.values()];
  }

  /** The step that an event is about, after the event. */
  apply(event: RunEvent): StepView | undefined {
    switch (event.type) {
      case 'run-started':
        [this.job, this.run] = [printable(event.job), event.run];
        for (const { id, description } of event.steps) this.#add(id, description);
        return undefined;
      case 'run-finished':
        this.finished = event;
        return undefined;
      default: {
        const step = this.#steps.get(event.step) ?? this.#add(event.step, 'uses' in event ? event.uses : '');
        applyToStep(step, event);
        return step;
      }
    }
  }

  #add(id: string, description: string): StepView {
    const step: StepView = {
      id: printable(id),
      description: printable(description),
      status: 'pending',
      attempts: 0,
      progress: undefined,
      bytes: new SlidingRate(),
      items: new SlidingRate(),
      retryAt: undefined,
      error: undefined,
      lastNote: undefined,
      warnings: [],
      outputs: {},
      durationMs: 0,
      tolerated: false,
    };
    this.#steps.set(id, step);
    return step;
  }
}

function applyToStep(step: StepView, event: Exclude<RunEvent, { type: 'run-started' | 'run-finished' }>): void {
  switch (event.type) {
    case 'step-started':
      [step.status, step.attempts, step.retryAt, step.progress] = ['running', event.attempt, undefined, undefined];
      return;
    case 'step-progress':
      step.progress = event;
      step.items.add(event.at, event.done);
      if (event.bytes !== undefined) step.bytes.add(event.at, event.bytes);
      return;
    case 'step-note':
      step.lastNote = { level: event.level, message: printable(event.message) };
      if (event.level !== 'info') step.warnings = [...step.warnings, step.lastNote].slice(-WARNINGS_KEPT_MAX);
      return;
    case 'step-retrying':
      [step.retryAt, step.error, step.progress] = [event.at + event.delayMs, event.error, undefined];
      return;
    case 'step-finished':
      [step.status, step.attempts, step.durationMs, step.tolerated] = [
        event.status,
        event.attempts,
        event.durationMs,
        event.tolerated,
      ];
      [step.outputs, step.error, step.retryAt] = [event.outputs, event.error, undefined];
  }
}
