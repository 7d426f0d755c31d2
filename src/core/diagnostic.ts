// One problem in a user's file: what, where, and what to do about it.

export interface Position {
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 code units. */
  readonly column: number;
}

export interface Range {
  readonly start: Position;
  readonly end: Position;
}

export interface Diagnostic {
  /** Stable, kebab-case: `unknown-key`, `needs-cycle`, … */
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly file: string;
  readonly range: Range;
  readonly hint?: string;
  /** The whole source line that `range.start` lies on. */
  readonly source?: string;
}

const SOURCE_WIDTH_MAX = 160;

/** `file:line:column: error CODE: message`, the source line, a caret, and the hint (CONTRACT section 1). No colour. */
export function formatDiagnostic(d: Diagnostic): string {
  const { start, end } = d.range;
  const lines = [`${d.file}:${start.line}:${start.column}: ${d.severity} ${d.code}: ${d.message}`];
  if (d.source !== undefined && d.source.trim() !== '') {
    const { source, column } = around(d.source.replaceAll('\t', ' '), start.column);
    const gutter = String(start.line);
    const stop = end.line === start.line ? column + end.column - start.column : source.length + 1;
    const width = Math.max(1, Math.min(stop, source.length + 1) - column);
    lines.push(`  ${gutter} | ${source}`);
    lines.push(`  ${' '.repeat(gutter.length)} | ${' '.repeat(column - 1)}${'^'.repeat(width)}`);
  }
  if (d.hint !== undefined) lines.push(`  hint: ${d.hint}`);
  return lines.join('\n');
}

/** Of a very long line the part that matters, and the column within it. */
function around(line: string, column: number): { source: string; column: number } {
  if (column <= SOURCE_WIDTH_MAX / 2 || line.length <= SOURCE_WIDTH_MAX)
    return { source: line.slice(0, SOURCE_WIDTH_MAX), column };
  const from = Math.min(column - SOURCE_WIDTH_MAX / 2, line.length - SOURCE_WIDTH_MAX);
  return { source: `…${line.slice(from + 1, from + SOURCE_WIDTH_MAX)}`, column: column - from };
}

/** The candidate nearest to `word` when it is near enough to be a typing mistake. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.min(word.length, Math.max(1, Math.floor(word.length / 3)) + 1);
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Optimal string alignment distance (a swap of neighbours counts one); any result >= `limit` means "too far". */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let value = Math.min(at(rows, i - 1, j) + 1, (row[j - 1] ?? 0) + 1, at(rows, i - 1, j - 1) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) value = Math.min(value, at(rows, i - 2, j - 2) + 1);
      row.push(value);
    }
    rows.push(row);
  }
  return at(rows, a.length, b.length);
}

function at(rows: readonly (readonly number[])[], i: number, j: number): number {
  return rows[i]?.[j] ?? 0;
}
