// The subject line of a report: status, job, host, the worst fact, the time; made to be read in a list of mails.
import { formatCount, formatDuration } from '../../core/units.ts';
import type { Counts, ReportModel } from './report-model.ts';

/** `[FAILED] nightly-site @ web01: 1 of 4 steps failed (12m 40s)`. */
export function subjectOf(model: ReportModel): string {
  const warnings = model.counts.warnings === 0 ? '' : `, ${formatCount(model.counts.warnings, 'warnings')}`;
  return `[${statusWord(model)}] ${model.job} @ ${model.host}: ${factOf(model.counts)}${warnings} (${formatDuration(model.durationMs)})`;
}

/** `FAILED`, `STILL FAILING x5`, `RECOVERED`, `CANCELLED`, `OK`. */
export function statusWord({ verdict, standing }: ReportModel): string {
  switch (verdict) {
    case 'failed':
      return standing.failures > 1 ? `STILL FAILING x${standing.failures}` : 'FAILED';
    case 'cancelled':
      return 'CANCELLED';
    case 'ok':
      return standing.failuresBefore > 0 ? 'RECOVERED' : 'OK';
  }
}

function factOf(counts: Counts): string {
  const { total, succeeded, failed, cancelled, skipped, tolerated } = counts;
  if (failed > 0) return `${failed} of ${formatCount(total, 'steps')} failed`;
  if (cancelled > 0) return `${cancelled} of ${formatCount(total, 'steps')} cancelled`;
  if (succeeded === total) return `${formatCount(total, 'steps')} succeeded`;
  const apart = [tolerated > 0 ? `${tolerated} tolerated` : '', skipped > 0 ? `${skipped} skipped` : ''].filter(
    part => part !== '',
  );
  return [`${succeeded} of ${formatCount(total, 'steps')} succeeded`, ...apart].join(', ');
}
