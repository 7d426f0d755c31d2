// A run that goes on where a process that died, or an earlier run, left it.
import type { ErrorReport } from '../core/errors.ts';
import type { NoteLevel, Outputs, StepStatus } from '../steps/step.ts';

export interface Resume {
  /** Steps that have ended, by id: they keep their result and do not run again. On-failure steps may be among them. */
  readonly ended: ReadonlyMap<string, EndedStep>;
  /** Steps that had begun and whose end nobody saw: they run again when that does no harm, and fail otherwise. */
  readonly interrupted: ReadonlySet<string>;
  /** False: interrupted steps fail whatever they are, because the run has died too often. */
  readonly mayRepeat: boolean;
  /** Of the last event that was recorded; the events go on from there. */
  readonly lastSeq: number;
  /** When the run first began, epoch milliseconds; default now. */
  readonly startedAt?: number;
  /** Said about the first step that still runs. */
  readonly note: string;
  /** `info` where somebody asked for it, as by a retry; default `warning`. */
  readonly noteLevel?: NoteLevel;
}

export interface EndedStep {
  readonly status: Exclude<StepStatus, 'pending' | 'running'>;
  readonly outputs: Outputs;
  readonly attempts: number;
  readonly durationMs: number;
  readonly error?: ErrorReport;
}
