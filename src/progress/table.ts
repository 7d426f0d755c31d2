// Tables that fit the terminal: columns shrink where they may, and on a narrow screen each row becomes a small block.
import { printable } from '../core/text.ts';
import { truncate, truncateStart, widest, widthOf, wrap } from './width.ts';

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  readonly align?: 'left' | 'right';
  /** May be shortened when the table is too wide; the widest such column gives way first. */
  readonly flexible?: boolean;
  /** Shortened at its beginning: for paths, whose last part says most. */
  readonly keepEnd?: boolean;
  /** May be left out when nothing else helps; the last such column goes first. */
  readonly optional?: boolean;
}

const GAP = 2;
const FLEXIBLE_MIN = 10;

/** Lines without colour and without trailing blanks, at most `width` columns of the terminal wide; an empty list of rows gives only the titles. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): string[] {
  const cells = rows.map(row => columns.map(column => printable(column.value(row))));
  const wanted = columns.map((column, i) => Math.max(column.title.length, widest(cells.map(row => row[i] ?? ''))));
  const widths = fitted(columns, wanted, width - GAP * (columns.length - 1));
  if (widths === undefined) {
    const spare = columns.findLast(column => column.optional);
    if (spare === undefined) return blocks(columns, cells, width);
    const fewer = columns.filter(column => column !== spare);
    return table(fewer, rows, width);
  }
  const line = (texts: readonly string[]) =>
    texts
      .map((text, i) => cell(text, widths[i] ?? 0, columns[i]))
      .join(' '.repeat(GAP))
      .trimEnd();
  return [line(columns.map(column => column.title)), ...cells.map(line)];
}

/** Widths whose sum is at most `room`; undefined when that cannot be. */
function fitted<Row>(columns: readonly Column<Row>[], wanted: readonly number[], room: number): readonly number[] | undefined {
  const least = wanted.map((each, i) => (columns[i]?.flexible ? Math.min(FLEXIBLE_MIN, each) : each));
  const capped = (cap: number) =>
    wanted.map((each, i) => Math.max(least[i] ?? 0, columns[i]?.flexible ? Math.min(each, cap) : each));
  const fits = (widths: readonly number[]) => widths.reduce((sum, each) => sum + each, 0) <= room;
  let [low, high] = [FLEXIBLE_MIN, Math.max(FLEXIBLE_MIN, ...wanted)];
  if (fits(wanted)) return wanted;
  if (!fits(capped(low))) return undefined;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (fits(capped(middle))) low = middle;
    else high = middle;
  }
  return capped(low);
}

/** `title: value`, a blank line between rows, long values broken: for screens too narrow for columns. */
function blocks<Row>(columns: readonly Column<Row>[], cells: readonly (readonly string[])[], width: number): string[] {
  return cells.flatMap((row, i) => [
    ...(i === 0 ? [] : ['']),
    ...columns.flatMap(({ title }, j) => (row[j] ? wrap(`${title.toLowerCase()}: ${row[j]}`, width, '  ') : [])),
  ]);
}

function cell<Row>(text: string, width: number, column: Column<Row> | undefined): string {
  const short = column?.keepEnd ? truncateStart(text, width) : truncate(text, width);
  const room = ' '.repeat(Math.max(0, width - widthOf(short)));
  return column?.align === 'right' ? room + short : short + room;
}
