// One mail over many jobs: what ran since the last digest, failures first.
import { printable, shorten } from '../../core/text.ts';
import { formatCount, formatDuration } from '../../core/units.ts';
import type { JobRun } from '../step.ts';
import { escapeHtml } from './html.ts';
import { timeShown } from './sentence.ts';
import { stripHtml, stripOf, stripText } from './strip.ts';
import { wrap } from './text.ts';

export interface DigestModel {
  readonly host: string;
  /** Epoch milliseconds. */
  readonly since: number;
  readonly until: number;
  readonly ok: number;
  readonly failed: number;
  /** Jobs whose last run failed first, then by name. */
  readonly jobs: readonly JobSummary[];
}

export interface JobSummary {
  readonly job: string;
  /** Newest first. */
  readonly runs: readonly JobRun[];
  readonly ok: number;
  readonly failed: number;
  readonly failing: boolean;
  readonly error: string | undefined;
}

const JOBS_SHOWN_MAX = 200;
const ERROR_CHARS_MAX = 200;

export function digestOf(runs: readonly JobRun[], host: string, since: number, until: number): DigestModel {
  const jobs = [...Map.groupBy(runs, ({ job }) => job)].map(([job, own]) => summaryOf(job, own));
  jobs.sort((a, b) => Number(b.failing) - Number(a.failing) || (a.job < b.job ? -1 : 1));
  const sum = (key: 'ok' | 'failed') => jobs.reduce((total, summary) => total + summary[key], 0);
  return { host: printable(host), since, until, ok: sum('ok'), failed: sum('failed'), jobs };
}

/** `[DIGEST] 38 ok, 2 failed @ web01 - 2026-11-22`. */
export function digestSubject({ ok, failed, host, until }: DigestModel): string {
  return `[DIGEST] ${failed > 0 ? `${failed} failed, ` : ''}${ok} ok @ ${host} - ${new Date(until).toISOString().slice(0, 10)}`;
}

export function digestText(model: DigestModel): string {
  const head = sentenceOf(model);
  const jobs = model.jobs
    .slice(0, JOBS_SHOWN_MAX)
    .flatMap(summary => [
      ...wrap(lineOf(summary), '  ', '      '),
      `      ${stripText(cellsOf(summary))}`,
      ...(summary.error === undefined ? [] : wrap(summary.error, '      ', '      ')),
    ]);
  return `${[...wrap(head), ...(jobs.length === 0 ? [] : ['', ...jobs]), ...restLines(model)].join('\n')}\n`;
}

export function digestHtml(model: DigestModel): string {
  const small = 'font-size:13px;opacity:.85';
  const jobs = model.jobs.slice(0, JOBS_SHOWN_MAX).map(summary => {
    const colour = summary.failing ? '#c62828' : '#1a7f37';
    const error =
      summary.error === undefined ? '' : `<div style="${small};overflow-wrap:anywhere">${escapeHtml(summary.error)}</div>`;
    return [
      `<div style="margin:12px 0 0;padding:0 0 0 10px;border-left:6px solid ${colour}">${escapeHtml(lineOf(summary))}${error}`,
      `${stripHtml(cellsOf(summary), escapeHtml)}</div>`,
    ].join('\n');
  });
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">',
    `<style>:root{color-scheme:light dark}</style><title>${escapeHtml(digestSubject(model))}</title></head>`,
    '<body style="margin:0;padding:16px;font-family:-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif;font-size:15px;line-height:1.45">',
    `<div style="max-width:600px;margin:0 auto"><p style="margin:0">${escapeHtml(sentenceOf(model))}</p>`,
    ...jobs,
    ...restLines(model).map(line => `<p>${escapeHtml(line)}</p>`),
    '</div></body></html>\n',
  ].join('\n');
}

function summaryOf(job: string, runs: readonly JobRun[]): JobSummary {
  const failures = runs.filter(({ status }) => status === 'failed' || status === 'timed-out');
  const failing = runs[0] !== undefined && failures.includes(runs[0]);
  const said = failing ? failures[0]?.error : undefined;
  return {
    job: printable(job),
    runs,
    ok: runs.filter(({ status }) => status === 'succeeded').length,
    failed: failures.length,
    failing,
    error: said === undefined ? undefined : shorten(printable(said.replace(/\s+/g, ' ')), ERROR_CHARS_MAX),
  };
}

function sentenceOf({ host, since, ok, failed, jobs }: DigestModel): string {
  const runs = ok + failed;
  if (jobs.length === 0) return `Nothing ran on ${host} since ${timeShown(since)}.`;
  const failing = jobs.filter(summary => summary.failing).length;
  const state = failing === 0 ? 'no job is failing' : `${failing} of ${jobs.length} jobs ${failing === 1 ? 'is' : 'are'} failing`;
  return `${formatCount(runs, 'runs')} on ${host} since ${timeShown(since)}: ${ok} ok, ${failed} failed; ${state}.`;
}

function lineOf({ job, runs, ok, failed, failing }: JobSummary): string {
  const [last] = runs;
  const when = last === undefined ? '' : `, last ${timeShown(last.startedAt)} (${formatDuration(last.durationMs)})`;
  return `${failing ? 'FAILED' : 'ok'}  ${job}: ${ok} ok, ${failed} failed${when}`;
}

function cellsOf({ runs }: JobSummary) {
  const [last, ...before] = runs;
  const kind =
    last?.status === 'succeeded' ? 'ok' : last?.status === 'failed' || last?.status === 'timed-out' ? 'failed' : 'other';
  return stripOf(before, kind, last?.startedAt ?? 0);
}

function restLines({ jobs }: DigestModel): readonly string[] {
  return jobs.length > JOBS_SHOWN_MAX ? [`and ${jobs.length - JOBS_SHOWN_MAX} more jobs`] : [];
}
