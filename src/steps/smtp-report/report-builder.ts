// Facts of a run so far → the report's model; pure.
import type { ErrorReport } from '../../core/errors.ts';
import { printable, shorten } from '../../core/text.ts';
import type { JobFacts, LogLine, PastRun, PastStep, RunFacts, StepFacts } from '../step.ts';
import { changesOf } from './changes.ts';
import { type Counts, isFailure, type ReportModel, type ReportRow, type RunVerdict, type Standing } from './report-model.ts';
import { causeOf, changeOf } from './sentence.ts';

export interface ReportFacts {
  readonly job: JobFacts;
  readonly run: RunFacts;
  readonly steps: readonly StepFacts[];
  /** Newest first, this run excluded. */
  readonly past: readonly PastRun[];
  /** Epoch milliseconds. */
  readonly now: number;
  /** The report's own step: it is not reported. */
  readonly self: string;
  /** Steps of the run before, and what this one has said. */
  readonly before?: readonly PastStep[];
  readonly log?: readonly LogLine[];
}

/** Longer messages are cut: the log has them whole. */
const MESSAGE_CHARS_MAX = 500;
/** How far back a row of failures is counted. */
export const PAST_RUNS_MAX = 100;

export function buildReport(facts: ReportFacts): ReportModel {
  const { job, run, now } = facts;
  const rows = facts.steps.filter(step => step.id !== facts.self).map(rowOf);
  const counts = countsOf(rows);
  const verdict: RunVerdict = counts.failed > 0 ? 'failed' : counts.cancelled > 0 ? 'cancelled' : 'ok';
  const standing = standingOf(verdict, facts.past, run.startedAt);
  const durationMs = Math.max(0, now - run.startedAt);
  return {
    job: job.name,
    description: job.description === undefined ? undefined : clean(job.description),
    file: printable(job.file),
    host: printable(run.host),
    run: run.id,
    trigger: run.trigger,
    startedAt: run.startedAt,
    durationMs,
    verdict,
    standing,
    counts,
    cause: causeOf(rows, counts),
    advice: [...new Set(rows.filter(isFailure).flatMap(row => row.error?.hint ?? []))].slice(0, 5),
    change: changeOf(verdict, standing, durationMs),
    changes: changesOf(rows, facts.before ?? []),
    past: facts.past,
    log: facts.log ?? [],
    rerun: `postrider run ${job.name}`,
    logs: `postrider logs ${run.id}`,
    rows,
  };
}

function rowOf(step: StepFacts): ReportRow {
  const { id, uses, status, tolerated, attempts, durationMs, outputs, error, notes } = step;
  return {
    ...{ id: clean(id), uses: clean(uses), status, tolerated, attempts, durationMs, outputs },
    error: error === undefined ? undefined : cleanError(error),
    notes: notes.map(note => ({ level: note.level, message: clean(note.message) })),
  };
}

function cleanError({ code, message, retry, hint }: ErrorReport): ErrorReport {
  const said = { code: clean(code), message: clean(message), retry };
  return hint === undefined ? said : { ...said, hint: clean(hint) };
}

function clean(text: string): string {
  return shorten(printable(text.replace(/\s*\n\s*/g, ' ').trim()), MESSAGE_CHARS_MAX);
}

function countsOf(rows: readonly ReportRow[]): Counts {
  const count = (test: (row: ReportRow) => boolean) => rows.filter(test).length;
  const broke = (row: ReportRow) => row.status === 'failed' || row.status === 'timed-out';
  return {
    total: rows.length,
    succeeded: count(row => row.status === 'succeeded'),
    failed: count(isFailure),
    tolerated: count(row => row.tolerated && broke(row)),
    skipped: count(row => row.status === 'skipped'),
    cancelled: count(row => row.status === 'cancelled'),
    open: count(row => row.status === 'pending' || row.status === 'running'),
    warnings: rows.reduce((sum, row) => sum + row.notes.filter(note => note.level !== 'info').length, 0),
  };
}

/** Cancelled and skipped runs say nothing about health; they are looked through. */
function standingOf(verdict: RunVerdict, past: readonly PastRun[], startedAt: number): Standing {
  const decided = past.filter(run => run.status === 'succeeded' || run.status === 'failed' || run.status === 'timed-out');
  const firstGood = decided.findIndex(run => run.status === 'succeeded');
  const failuresBefore = firstGood === -1 ? decided.length : firstGood;
  return {
    failures: verdict === 'failed' ? failuresBefore + 1 : 0,
    failuresBefore,
    last: decided[0],
    lastSuccess: firstGood === -1 ? undefined : decided[firstGood],
    failingSince: failuresBefore > 0 ? decided[failuresBefore - 1]?.startedAt : verdict === 'failed' ? startedAt : undefined,
    incident: failuresBefore > 0 ? decided[failuresBefore - 1]?.id : undefined,
    first: decided.length === 0,
  };
}
