// How many terminal columns a text takes (Unicode Standard Annex 11, and combining marks), and texts made to fit.
import { stripVTControlCharacters } from 'node:util';

/** Combining marks, joiners and variation selectors take no column of their own. */
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
/** East Asian Wide and Fullwidth, and what terminals draw as emoji. */
const WIDE_RANGES: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1faff],
  [0x20000, 0x3fffd],
];

export function widthOf(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

/** Of any number of texts: more than a call takes arguments. */
export function widest(texts: Iterable<string>): number {
  let width = 0;
  for (const text of texts) width = Math.max(width, widthOf(text));
  return width;
}

/** The text in at most `columns`, the cut marked by an ellipsis. */
export function truncate(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  return columns < 1 ? '' : `${head(text, columns - 1)}…`;
}

/** Like truncate, but the end stays: for paths, whose last part says most. */
export function truncateStart(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  return columns < 1 ? '' : `…${[...head([...text].reverse().join(''), columns - 1)].reverse().join('')}`;
}

/** Exactly `columns` wide. */
export function pad(text: string, columns: number): string {
  const short = truncate(text, columns);
  return short + ' '.repeat(Math.max(0, columns - widthOf(short)));
}

/**
 * A line broken between words, indented as it begins where that leaves half the room; longer words, such as addresses, stay whole. Colours
 * take no room.
 */
export function fold(line: string, columns: number): string {
  if (shownWidth(line) <= columns) return line;
  const [before = ''] = /^ */.exec(line) ?? [];
  const indent = before.slice(0, columns / 2);
  const lines: string[] = [];
  let current = indent;
  for (const word of line.slice(before.length).split(' ')) {
    const joined = current.trim() === '' ? `${current}${word}` : `${current} ${word}`;
    if (shownWidth(joined) > columns && current.trim() !== '') {
      lines.push(current.trimEnd());
      current = `${indent}${word}`;
    } else current = joined;
  }
  return [...lines, current].join('\n');
}

/** Every line of it, where somebody reads it at a terminal. */
export function foldFor({ isTTY, columns }: NodeJS.WriteStream, text: string): string {
  return isTTY && columns > 0
    ? text
        .split('\n')
        .map(line => fold(line, columns))
        .join('\n')
    : text;
}

function shownWidth(text: string): number {
  return widthOf(stripVTControlCharacters(text));
}

/** Lines of at most `columns`, broken between words where possible; all but the first begin with `indent`. */
export function wrap(text: string, columns: number, indent = ''): readonly string[] {
  const width = Math.max(1, columns);
  const lines: string[] = [];
  let line = '';
  let fresh = true;
  const turn = (full: string) => {
    lines.push(full);
    [line, fresh] = [widthOf(indent) < width ? indent : '', true];
  };
  for (const word of text.split(' ')) {
    const joined: string = fresh ? `${line}${word}` : `${line} ${word}`;
    if (widthOf(joined) <= width) {
      [line, fresh] = [joined, false];
      continue;
    }
    if (!fresh) turn(line);
    line += word;
    while (widthOf(line) > width) {
      const piece: string = head(line, width);
      const rest = line.slice(piece.length);
      if (piece === '') break;
      turn(piece);
      line += rest;
    }
    fresh = false;
  }
  return line.trim() === '' && lines.length > 0 ? lines : [...lines, line];
}

function head(text: string, columns: number): string {
  let [width, taken] = [0, ''];
  for (const char of text) {
    width += charWidth(char);
    if (width > columns) break;
    taken += char;
  }
  return taken;
}

function charWidth(char: string): number {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (ZERO.test(char)) return 0;
  return WIDE_RANGES.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}
