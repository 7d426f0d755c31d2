// Tables that fit the terminal: columns shrink where they may, and on a narrow screen each row becomes a small block.
import { printable, shorten } from '../core/text.ts';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly align?: 'left' | 'right';
  /** May be shortened when the table is too wide; the first such column gives way first. */
  readonly flexible?: boolean;
  /** May be left out when nothing else helps; the last such column goes first. */
  readonly optional?: boolean;
}

const GAP = 2;
const FLEXIBLE_MIN = 10;

/** Lines without colour and without trailing blanks; an empty list of rows gives only the titles. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): string[] {
  const cells = rows.map(row => columns.map(column => printable(column.value(row))));
  const widths = columns.map((column, i) => Math.max(column.title.length, ...cells.map(row => [...(row[i] ?? '')].length)));
  const excess = () => widths.reduce((sum, w) => sum + w, 0) + GAP * (columns.length - 1) - width;
  columns.forEach((column, i) => {
    if (column.flexible && excess() > 0)
      widths[i] = Math.max(Math.min(FLEXIBLE_MIN, widths[i] ?? 0), (widths[i] ?? 0) - excess());
  });
  if (excess() > 0) {
    const spare = columns.findLast(column => column.optional);
    return spare === undefined
      ? blocks(columns, cells, width)
      : table(
          columns.filter(column => column !== spare),
          rows,
          width,
        );
  }
  const line = (texts: readonly string[]) =>
    texts
      .map((text, i) => pad(text, widths[i] ?? 0, columns[i]?.align))
      .join(' '.repeat(GAP))
      .trimEnd();
  return [line(columns.map(column => column.title)), ...cells.map(line)];
}

/** `title: value` lines, a blank line between rows: for screens too narrow for columns. */
function blocks<Row>(columns: readonly Column<Row>[], cells: readonly (readonly string[])[], width: number): string[] {
  return cells.flatMap((row, i) => [
    ...(i === 0 ? [] : ['']),
    ...columns.map((column, j) => shorten(`${column.title.toLowerCase()}: ${row[j] ?? ''}`, width)),
  ]);
}

function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const short = shorten(text, width);
  const room = ' '.repeat(width - [...short].length);
  return align === 'right' ? room + short : short + room;
}
