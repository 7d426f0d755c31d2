// A run as a report sees it: the one value from which subject, text, HTML and JSON are made.
import type { ErrorReport } from '../../core/errors.ts';
import type { LogLine, NoteLevel, Outputs, PastRun, RunFacts, StepStatus } from '../step.ts';

export type RunVerdict = 'ok' | 'failed' | 'cancelled';

/** How a run shows among others. */
export const STRIP_KINDS = { ok: 'ok', failed: 'failed', cancelled: 'other' } as const;

export interface ReportModel {
  readonly job: string;
  readonly description: string | undefined;
  readonly file: string;
  readonly host: string;
  readonly run: string;
  readonly trigger: RunFacts['trigger'];
  readonly startedAt: number;
  readonly durationMs: number;
  readonly verdict: RunVerdict;
  readonly standing: Standing;
  readonly counts: Counts;
  /** One sentence: what happened and why. */
  readonly cause: string;
  /** What the reader can do, one sentence each. */
  readonly advice: readonly string[];
  /** Against the run before: one sentence, and what is new about single steps. */
  readonly change: string;
  readonly changes: readonly string[];
  /** Earlier runs, newest first. */
  readonly past: readonly PastRun[];
  readonly log: readonly LogLine[];
  readonly rerun: string;
  readonly logs: string;
  readonly rows: readonly ReportRow[];
}

export interface Standing {
  /** Failed runs in a row, this one included. */
  readonly failures: number;
  /** Failed runs in a row right before this one. */
  readonly failuresBefore: number;
  /** The newest earlier run that succeeded or failed. */
  readonly last: PastRun | undefined;
  readonly lastSuccess: PastRun | undefined;
  /** The first failed run of the row that led here. */
  readonly failingSince: number | undefined;
  /** The run that began it: every mail about it is an answer to the first one. */
  readonly incident: string | undefined;
  readonly first: boolean;
}

export interface Counts {
  readonly total: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly tolerated: number;
  readonly skipped: number;
  readonly cancelled: number;
  /** Not finished when the report was made. */
  readonly open: number;
  readonly warnings: number;
}

export interface ReportRow {
  readonly id: string;
  readonly uses: string;
  readonly status: StepStatus;
  readonly tolerated: boolean;
  readonly attempts: number;
  readonly durationMs: number;
  readonly outputs: Outputs;
  readonly error: ErrorReport | undefined;
  readonly notes: readonly { readonly level: NoteLevel; readonly message: string }[];
}

export function isFailure(row: Pick<ReportRow, 'status' | 'tolerated'>): boolean {
  return !row.tolerated && (row.status === 'failed' || row.status === 'timed-out');
}
