// Bars of text for a column of numbers: the longest fills its room, a small one is still seen.

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;

/** The bar of a value; `width` columns stand for `highest`. */
export function chart(highest: number, width: number): (value: number) => string {
  return value => {
    if (value <= 0 || highest <= 0) return '';
    const eighths = Math.max(1, Math.round((Math.min(value, highest) / highest) * width * 8));
    return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
  };
}
