// The last runs as a strip of cells, oldest first: a picture made of a table, so that every mail client shows it and none must fetch it.
import type { PastRun } from '../step.ts';
import { timeShown } from './sentence.ts';

const STRIP_RUNS_MAX = 30;

export interface StripCell {
  readonly kind: 'ok' | 'failed' | 'other';
  /** For people who point at it or have it read to them. */
  readonly label: string;
}

/** `past` is newest first; `now` is this run. */
export function stripOf(past: readonly PastRun[], now: StripCell['kind'], startedAt: number): readonly StripCell[] {
  const before = past.slice(0, STRIP_RUNS_MAX - 1).reverse();
  return [...before.map(run => cell(kindOf(run.status), run.startedAt)), cell(now, startedAt)];
}

/** `.` ok, `X` failed, `-` anything else. */
export function stripText(cells: readonly StripCell[]): string {
  return cells.map(({ kind }) => SIGNS[kind].text).join('');
}

/** Rows of a table: each cell has a colour, a sign and a label; no picture is fetched and no colour is needed to read it. */
export function stripHtml(cells: readonly StripCell[], safe: (text: string) => string): string {
  const width = `width:${(100 / STRIP_RUNS_MAX).toFixed(2)}%`;
  const shown = cells.map(({ kind, label }) => {
    const { html, colour } = SIGNS[kind];
    const style = `${width};padding:3px 0;background:${colour};color:#ffffff;font-size:11px;line-height:13px;text-align:center;border-right:1px solid #ffffff`;
    return `<td style="${style}" title="${safe(label)}">${html}</td>`;
  });
  const empty = Array.from({ length: STRIP_RUNS_MAX - cells.length }, () => `<td style="${width}"></td>`);
  return `<table style="width:100%;border-collapse:collapse;table-layout:fixed"><tr>${[...shown, ...empty].join('')}</tr></table>`;
}

export function stripSentence(cells: readonly StripCell[]): string {
  const failed = cells.filter(({ kind }) => kind === 'failed').length;
  const runs = cells.length === 1 ? 'This run alone' : `The last ${cells.length} runs`;
  return `${runs}, oldest first: ${cells.filter(({ kind }) => kind === 'ok').length} ok, ${failed} failed.`;
}

const SIGNS = {
  ok: { text: '.', html: '&#10003;', colour: '#1a7f37' },
  failed: { text: 'X', html: '&#10005;', colour: '#c62828' },
  other: { text: '-', html: '&#8211;', colour: '#6e7781' },
} as const;

function kindOf(status: string): StripCell['kind'] {
  if (status === 'succeeded') return 'ok';
  return status === 'failed' || status === 'timed-out' ? 'failed' : 'other';
}

function cell(kind: StripCell['kind'], startedAt: number): StripCell {
  return { kind, label: `${kind === 'other' ? 'cancelled or skipped' : kind}, ${timeShown(startedAt)}` };
}
