// What a run says while it happens: one union, JSON-safe, the same for the screen, the store and `run --json` (CONTRACT section 3).
import type { ErrorReport } from '../core/errors.ts';
import { printableJson } from '../core/text.ts';
import type { NoteLevel, Outputs, StepProgress, StepStatus } from '../steps/step.ts';

export type RunStatus = 'succeeded' | 'failed' | 'cancelled' | 'timed-out' | 'skipped';

/** Facts that every event carries; `at` is epoch milliseconds, `seq` starts at 1. */
export interface EventHead {
  readonly seq: number;
  readonly at: number;
  readonly run: string;
}

export type RunEventBody =
  | { readonly type: 'run-started'; readonly job: string; readonly steps: readonly StepOutline[] }
  | { readonly type: 'step-started'; readonly step: string; readonly uses: string; readonly attempt: number }
  | ({ readonly type: 'step-progress'; readonly step: string } & StepProgress)
  | { readonly type: 'step-note'; readonly step: string; readonly level: NoteLevel; readonly message: string }
  | {
      readonly type: 'step-retrying';
      readonly step: string;
      readonly attempt: number;
      readonly delayMs: number;
      readonly error: ErrorReport;
    }
  | {
      readonly type: 'step-finished';
      readonly step: string;
      readonly status: Exclude<StepStatus, 'pending' | 'running'>;
      readonly outputs: Outputs;
      readonly error?: ErrorReport;
      readonly tolerated: boolean;
      readonly attempts: number;
      readonly durationMs: number;
    }
  | {
      readonly type: 'run-finished';
      readonly status: RunStatus;
      readonly steps: Readonly<Record<string, StepStatus>>;
      readonly durationMs: number;
      /** Of the first step that failed. */
      readonly error?: ErrorReport;
    };

/** What a renderer needs to draw the whole run before it begins. */
export interface StepOutline {
  readonly id: string;
  readonly uses: string;
  readonly description: string;
  readonly needs: readonly string[];
}

export type RunEvent = EventHead & RunEventBody;

/** Takes events in order. Transitions are awaited; progress is not. A listener that throws is dropped, with a warning. */
export interface RunListener {
  readonly name: string;
  on(event: RunEvent): void | Promise<void>;
}

/** The line that `run --json` prints: kebab-case keys, ISO time, version. */
export function eventToJson(event: RunEvent): string {
  const { seq, at, run, type, ...rest } = event;
  const body = Object.entries(rest).map(([key, value]) => [kebab(key), value]);
  return printableJson({ version: 1, seq, at: new Date(at).toISOString(), run, type, ...Object.fromEntries(body) });
}

function kebab(key: string): string {
  return key.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
}
