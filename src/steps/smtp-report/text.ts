// The report as plain text of at most 72 columns: verdict first, then what to do, then the steps.
import { formatDuration } from '../../core/units.ts';
import { tailsOf } from './log-lines.ts';
import { type ReportModel, type ReportRow, STRIP_KINDS } from './report-model.ts';
import { outputsShown, statusShown, timeShown } from './sentence.ts';
import { stripOf, stripSentence, stripText } from './strip.ts';
import { statusWord } from './subject.ts';

export const TEXT_COLUMNS = 72;

/** Notes that are shown of one step, the newest. */
const NOTES_SHOWN_MAX = 10;
const ROWS_SHOWN_MAX = 500;
const STATUS_COLUMNS = 11;

export function textReport(model: ReportModel): string {
  const title = `${model.job} on ${model.host}: ${statusWord(model)}`;
  const blocks = [
    [...wrap(title), '='.repeat(Math.min(TEXT_COLUMNS, [...title].length))],
    wrap(model.cause),
    [...wrap(model.change), ...model.changes.flatMap(change => wrap(change, '  - ', '    '))],
    ...(model.verdict === 'ok' ? [] : [adviceLines(model)]),
    ['Steps', ...stepLines(model)],
    ...tailsOf(model.rows, model.log).map(({ step, lines }) => [
      ...wrap(`Log of ${step}, the end`),
      ...lines.flatMap(line => wrap(line, '  | ', '  |   ')),
    ]),
    stripLines(model),
    footLines(model),
  ];
  return `${blocks.map(lines => lines.join('\n')).join('\n\n')}\n`;
}

function adviceLines(model: ReportModel): readonly string[] {
  const hints = model.advice.flatMap(hint => wrap(hint, '  - ', '    '));
  return [
    'What to do',
    ...hints,
    ...wrap(`run again:    ${model.rerun}`, '  - ', '    '),
    ...wrap(`see the log:  ${model.logs}`, '  - ', '    '),
  ];
}

function stepLines({ rows }: ReportModel): readonly string[] {
  if (rows.length === 0) return ['  none besides this report'];
  const nameColumns = Math.min(30, Math.max(...rows.map(row => [...row.id].length)));
  const shown = rows.slice(0, ROWS_SHOWN_MAX).flatMap(row => rowLines(row, nameColumns));
  return rows.length > ROWS_SHOWN_MAX ? [...shown, `  and ${rows.length - ROWS_SHOWN_MAX} more`] : shown;
}

function rowLines(row: ReportRow, nameColumns: number): readonly string[] {
  const indent = ' '.repeat(2 + STATUS_COLUMNS);
  const ran = row.attempts > 0;
  const time = ran ? formatDuration(row.durationMs).padStart(9) : '';
  const tries = row.attempts > 1 ? `  ${row.attempts} tries` : '';
  const head = `  ${statusShown(row).padEnd(STATUS_COLUMNS)}${row.id.padEnd(nameColumns)}${time}${tries}`.trimEnd();
  const outputs = outputsShown(row.outputs);
  const notes = row.notes.filter(note => note.level !== 'info').slice(-NOTES_SHOWN_MAX);
  return [
    ...(head.length > TEXT_COLUMNS ? wrap(head.trim(), '  ', indent) : [head]),
    ...(row.error === undefined ? [] : wrap(`${row.error.code}: ${row.error.message}`, indent, indent)),
    ...(outputs === '' ? [] : wrap(outputs, indent, indent)),
    ...notes.flatMap(note => wrap(`${note.level}: ${note.message}`, indent, indent)),
  ];
}

function stripLines(model: ReportModel): readonly string[] {
  const cells = stripOf(model.past, STRIP_KINDS[model.verdict], model.startedAt);
  return [...wrap(stripSentence(cells)), `  ${stripText(cells)}`];
}

function footLines(model: ReportModel): readonly string[] {
  return [
    ...wrap(
      `Run ${model.run}, started ${timeShown(model.startedAt)} (${model.trigger}), ${formatDuration(model.durationMs)} so far.`,
    ),
    ...wrap(`Job ${model.file}`),
    ...(model.description === undefined ? [] : wrap(model.description)),
  ];
}

/** Lines of at most TEXT_COLUMNS; a word that fits on no line is cut. */
export function wrap(text: string, first = '', rest = first): readonly string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(/ (?! )/).flatMap(part => pieces(part, TEXT_COLUMNS - Math.max(first.length, rest.length)))) {
    if (!empty && [...line].length + 1 + [...word].length > TEXT_COLUMNS) {
      lines.push(line);
      [line, empty] = [rest, true];
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line.trimEnd()];
}

function pieces(word: string, columns: number): readonly string[] {
  const points = [...word];
  if (points.length <= columns) return [word];
  return Array.from({ length: Math.ceil(points.length / columns) }, (_, index) =>
    points.slice(index * columns, (index + 1) * columns).join(''),
  );
}
