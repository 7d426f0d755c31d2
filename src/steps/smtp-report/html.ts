// The report as HTML for mail programs: one column, inline styles, nothing remote, no script; every text escaped.
import { printable, shorten } from '../../core/text.ts';
import { formatDuration } from '../../core/units.ts';
import { tailsOf } from './log-lines.ts';
import { isFailure, type ReportModel, type ReportRow, STRIP_KINDS } from './report-model.ts';
import { outputsShown, statusShown, timeShown } from './sentence.ts';
import { stripHtml, stripOf, stripSentence } from './strip.ts';
import { statusWord } from './subject.ts';

/** Gmail clips mails beyond 102 kB; this leaves room for encoding. */
export const HTML_BYTES_MAX = 60 * 1024;

/** How much of a big report is shown, most first, until it fits. */
const DETAILS = [
  { rows: 300, notes: 10, chars: 500 },
  { rows: 300, notes: 0, chars: 500 },
  { rows: 60, notes: 0, chars: 300 },
  { rows: 15, notes: 0, chars: 150 },
] as const;

interface Detail {
  readonly rows: number;
  /** Of one step, the newest. */
  readonly notes: number;
  /** Of one line below a step. */
  readonly chars: number;
}

export function htmlReport(model: ReportModel): string {
  let html = '';
  for (const detail of DETAILS) {
    html = page(model, detail);
    if (Buffer.byteLength(html) <= HTML_BYTES_MAX) break;
  }
  return html;
}

/** Text from anywhere made harmless between tags and in attributes. */
export function escapeHtml(text: string): string {
  return printable(text).replace(/[&<>"']/g, char => ESCAPES[char] ?? '');
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Mid tones that keep their contrast when a mail program inverts them; words carry the meaning, too. */
const COLOURS = { ok: '#1a7f37', failed: '#d93a3a', cancelled: '#8a6100' } as const;
const FONT = 'font-family:-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif;font-size:15px;line-height:1.45';
const CELL = 'padding:6px 8px 6px 0;border-top:1px solid #8884;vertical-align:top;text-align:left';
const SMALL = 'font-size:13px;opacity:.85';
const CODE = 'font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px';

function page(model: ReportModel, detail: Detail): string {
  const colour = COLOURS[model.verdict];
  const title = escapeHtml(`${model.job} on ${model.host}: ${statusWord(model)}`);
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">',
    '<meta name="supported-color-schemes" content="light dark"><style>:root{color-scheme:light dark}</style>',
    `<title>${title}</title></head>`,
    `<body style="margin:0;padding:16px;${FONT}">`,
    `<div style="max-width:600px;margin:0 auto">`,
    `<h1 style="font-size:19px;margin:0 0 12px;padding:0 0 0 10px;border-left:6px solid ${colour}">${title}</h1>`,
    `<p style="margin:0 0 8px">${escapeHtml(model.cause)}</p>`,
    `<p style="margin:0 0 8px;${SMALL}">${[model.change, ...model.changes.map(change => `${change}.`)].map(escapeHtml).join('<br>')}</p>`,
    strip(model),
    model.verdict === 'ok' ? '' : advice(model),
    table(model, detail),
    ...tails(model, detail),
    foot(model),
    '</div></body></html>\n',
  ].join('\n');
}

function strip(model: ReportModel): string {
  const cells = stripOf(model.past, STRIP_KINDS[model.verdict], model.startedAt);
  return `<p style="margin:12px 0 4px;${SMALL}">${escapeHtml(stripSentence(cells))}</p>\n${stripHtml(cells, escapeHtml)}`;
}

function tails(model: ReportModel, detail: Detail): readonly string[] {
  if (detail.notes === 0) return [];
  return tailsOf(model.rows, model.log).map(({ step, lines }) => {
    const text = lines.map(line => escapeHtml(line)).join('<br>');
    const box = `margin:0;padding:8px;border:1px solid #8888;overflow-wrap:anywhere;${CODE}`;
    return `<h2 style="font-size:15px;margin:16px 0 4px">Log of ${escapeHtml(step)}, the end</h2>\n<p style="${box}">${text}</p>`;
  });
}

function advice(model: ReportModel): string {
  const commands = [
    ['Run again', model.rerun],
    ['See the log', model.logs],
  ].map(([label, command]) => `<li>${label}: <code style="${CODE}">${escapeHtml(command ?? '')}</code></li>`);
  const hints = model.advice.map(hint => `<li>${escapeHtml(hint)}</li>`);
  return [
    '<h2 style="font-size:15px;margin:16px 0 4px">What to do</h2>',
    `<ul style="margin:0;padding:0 0 0 18px">${[...hints, ...commands].join('')}</ul>`,
  ].join('\n');
}

function table({ rows }: ReportModel, detail: Detail): string {
  if (rows.length === 0) return '';
  const failedFirst = rows.length > detail.rows ? [...rows].sort((a, b) => Number(isFailure(b)) - Number(isFailure(a))) : rows;
  const shown = failedFirst.slice(0, detail.rows).map(row => rowHtml(row, detail));
  const rest = rows.length - shown.length;
  return [
    '<h2 style="font-size:15px;margin:16px 0 4px">Steps</h2>',
    '<table style="width:100%;border-collapse:collapse" role="table">',
    `<tr><th scope="col" style="${CELL}">Status</th><th scope="col" style="${CELL}">Step</th><th scope="col" style="${CELL}">Time</th></tr>`,
    ...shown,
    rest > 0 ? `<tr><td colspan="3" style="${CELL}">and ${rest} more</td></tr>` : '',
    '</table>',
  ].join('\n');
}

function rowHtml(row: ReportRow, detail: Detail): string {
  const weight = isFailure(row) ? `;font-weight:bold;color:${COLOURS.failed}` : '';
  const outputs = outputsShown(row.outputs);
  const notes = detail.notes === 0 ? [] : row.notes.filter(note => note.level !== 'info').slice(-detail.notes);
  const below = [
    row.error === undefined ? '' : `${row.error.code}: ${row.error.message}`,
    outputs,
    ...notes.map(note => `${note.level}: ${note.message}`),
  ].filter(line => line !== '');
  const tries = row.attempts > 1 ? `, ${row.attempts} tries` : '';
  const time = row.attempts > 0 ? `${formatDuration(row.durationMs)}${tries}` : '';
  return [
    `<tr><td style="${CELL}${weight}">${escapeHtml(statusShown(row))}</td>`,
    `<td style="${CELL};overflow-wrap:anywhere"><strong>${escapeHtml(row.id)}</strong> <span style="${SMALL}">${escapeHtml(row.uses)}</span>`,
    ...below.map(line => `<div style="${SMALL}">${escapeHtml(shorten(line, detail.chars))}</div>`),
    `</td><td style="${CELL};white-space:nowrap">${escapeHtml(time)}</td></tr>`,
  ].join('');
}

function foot(model: ReportModel): string {
  const lines = [
    `Run ${model.run}, started ${timeShown(model.startedAt)} (${model.trigger}), ${formatDuration(model.durationMs)} so far.`,
    `Job ${model.file}`,
    ...(model.description === undefined ? [] : [model.description]),
  ];
  return `<p style="margin:16px 0 0;${SMALL};overflow-wrap:anywhere">${lines.map(escapeHtml).join('<br>')}</p>`;
}
