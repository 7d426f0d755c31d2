// This run against the one before, step by step: what broke, what is mended, what got much slower or faster.
import { formatDuration } from '../../core/units.ts';
import type { PastStep } from '../step.ts';
import { isFailure, type ReportRow } from './report-model.ts';

/** Times that differ by less are no news. */
const SLOWER_FACTOR = 1.5;
const DIFFERENCE_MS_MIN = 5_000;
const CHANGES_MAX = 8;

export function changesOf(rows: readonly ReportRow[], before: readonly PastStep[]): readonly string[] {
  const known = new Map(before.map(step => [step.id, step]));
  const changes = rows.flatMap(row => {
    const past = known.get(row.id);
    return past === undefined ? [] : changeOf(row, past);
  });
  return changes.slice(0, CHANGES_MAX);
}

function changeOf(row: ReportRow, past: PastStep): readonly string[] {
  const failedBefore = past.status === 'failed' || past.status === 'timed-out';
  if (isFailure(row))
    return [failedBefore ? `${row.id} failed the last time, too` : `${row.id} fails for the first time since then`];
  if (row.status !== 'succeeded') return [];
  if (failedBefore) return [`${row.id} failed the last time and is well again`];
  const difference = row.durationMs - past.durationMs;
  if (past.status !== 'succeeded' || Math.abs(difference) < DIFFERENCE_MS_MIN) return [];
  if (row.durationMs > past.durationMs * SLOWER_FACTOR) {
    return [`${row.id} took ${formatDuration(row.durationMs)} instead of ${formatDuration(past.durationMs)}`];
  }
  if (row.durationMs * SLOWER_FACTOR < past.durationMs) {
    return [`${row.id} took only ${formatDuration(row.durationMs)} instead of ${formatDuration(past.durationMs)}`];
  }
  return [];
}
