// Bars of text, drawn in eighths of a character: how much is done, and how the numbers of a column compare.

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;

const COLUMNS_MAX = 24;
const COLUMNS_MIN = 5;

/** As wide as there is room, and sensible; undefined where there is too little. */
export function barWithin(room: number, fraction: number): string | undefined {
  return room < COLUMNS_MIN ? undefined : bar(fraction, Math.min(COLUMNS_MAX, room));
}

/** `columns` wide, the rest in grey. `fraction` outside 0…1 is drawn as the nearer end. */
export function bar(fraction: number, columns: number): string {
  const filled = drawn(Math.floor(clamp(fraction) * columns * 8));
  return filled + '░'.repeat(Math.max(0, columns - filled.length));
}

/** The bar of a value in a column of them; `width` columns stand for `highest`. A small one is still seen. */
export function chart(highest: number, width: number): (value: number) => string {
  return value => (value <= 0 || highest <= 0 ? '' : drawn(Math.max(1, Math.round(clamp(value / highest) * width * 8))));
}

/** `62 %`; 100 only when all is done. */
export function percent(fraction: number): string {
  return `${Math.floor(clamp(fraction) * 100)} %`;
}

function drawn(eighths: number): string {
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}

function clamp(fraction: number): number {
  return Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0;
}
