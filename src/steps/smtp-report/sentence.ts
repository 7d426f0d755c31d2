// The sentences of a report: what happened, what changed, and how a time or a step's state is written.
import { printable, shorten } from '../../core/text.ts';
import { formatCount, formatDuration, formatSize } from '../../core/units.ts';
import type { Outputs } from '../step.ts';
import { type Counts, isFailure, type ReportRow, type RunVerdict, type Standing } from './report-model.ts';

/** What happened and why, the worst first. */
export function causeOf(rows: readonly ReportRow[], counts: Counts): string {
  const [first, ...others] = rows.filter(isFailure);
  if (first !== undefined) {
    const how = first.status === 'timed-out' ? 'ran out of time' : 'failed';
    const tries = first.attempts > 1 ? ` after ${first.attempts} tries` : '';
    const why = first.error === undefined ? '' : `: ${withoutStop(first.error.message)}`;
    const more = others.length === 0 ? '' : ` ${sentenceList(others.map(row => row.id))} failed, too.`;
    return `Step ${first.id} ${how}${tries}${why}.${more}`;
  }
  if (counts.cancelled > 0)
    return `The run was cancelled: ${sentenceList(rows.filter(row => row.status === 'cancelled').map(row => row.id))} did not finish.`;
  if (counts.total === 0) return 'There was nothing to do.';
  const apart = [
    counts.tolerated > 0 ? `${counts.tolerated} failed as the job allows` : '',
    counts.skipped > 0 ? `${counts.skipped} skipped` : '',
    counts.open > 0 ? `${counts.open} still to come` : '',
  ].filter(part => part !== '');
  if (apart.length === 0) return counts.total === 1 ? 'The step succeeded.' : `All ${counts.total} steps succeeded.`;
  return `${counts.succeeded} of ${formatCount(counts.total, 'steps')} succeeded, ${apart.join(', ')}.`;
}

/** This run against the one before. */
export function changeOf(verdict: RunVerdict, standing: Standing, durationMs: number): string {
  const { last, lastSuccess, failures, failuresBefore, failingSince } = standing;
  if (last === undefined) return 'This is the first run on record.';
  if (verdict === 'failed') {
    const success =
      lastSuccess === undefined ? 'No success is on record.' : `The last success was ${timeShown(lastSuccess.startedAt)}.`;
    return failures > 1 && failingSince !== undefined
      ? `Failing since ${timeShown(failingSince)}, ${failures} runs in a row. ${success}`
      : `New failure. ${success}`;
  }
  if (verdict === 'ok' && failuresBefore > 0) {
    const runs = failuresBefore === 1 ? 'one failed run' : `${failuresBefore} failed runs`;
    return `Recovered after ${runs}${failingSince === undefined ? '' : `, failing since ${timeShown(failingSince)}`}.`;
  }
  return `The run before (${timeShown(last.startedAt)}) took ${formatDuration(last.durationMs)}, this one ${formatDuration(durationMs)}.`;
}

/** `2026-11-22 02:30:00 UTC`. */
export function timeShown(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** The state of a step in one or two words; a word, never a colour alone. */
export function statusShown(row: Pick<ReportRow, 'status' | 'tolerated'>): string {
  if (isFailure(row)) return row.status === 'timed-out' ? 'TIMED OUT' : 'FAILED';
  switch (row.status) {
    case 'succeeded':
      return 'ok';
    case 'failed':
    case 'timed-out':
      return 'tolerated';
    case 'pending':
      return 'to come';
    default:
      return row.status;
  }
}

/** `uploaded 12, deleted 0, bytes 3.4 KB`; nulls are left out. */
export function outputsShown(outputs: Outputs): string {
  return Object.entries(outputs)
    .filter(([, value]) => value !== null && value !== '')
    .slice(0, OUTPUTS_MAX)
    .map(
      ([name, value]) => `${oneLine(name)} ${name === 'bytes' && typeof value === 'number' ? formatSize(value) : oneLine(value)}`,
    )
    .join(', ');
}

const OUTPUTS_MAX = 20;
const VALUE_CHARS_MAX = 120;

function oneLine(value: string | number | boolean | null): string {
  return shorten(printable(String(value).replace(/\s+/g, ' ')), VALUE_CHARS_MAX);
}

function withoutStop(message: string): string {
  return message.replace(/[.!]+$/, '');
}

function sentenceList(ids: readonly string[]): string {
  const shown = ids.slice(0, 5);
  const rest = ids.length - shown.length;
  const all = rest > 0 ? [...shown, `${rest} more`] : shown;
  return all.length < 2
    ? `Step ${all[0] ?? ''}`.replace(/^Step (?=\d+ more)/, '')
    : `Steps ${all.slice(0, -1).join(', ')} and ${all.at(-1) ?? ''}`;
}
