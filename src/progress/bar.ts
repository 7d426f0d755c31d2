// A progress bar of an exact width, drawn in eighths of a character.

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;

/** `fraction` outside 0…1 is drawn as the nearer end. */
export function bar(fraction: number, columns: number): string {
  const eighths = Math.floor(clamp(fraction) * columns * 8);
  const filled = '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
  return filled + '░'.repeat(Math.max(0, columns - filled.length));
}

/** `62 %`; 100 only when all is done. */
export function percent(fraction: number): string {
  return `${Math.floor(clamp(fraction) * 100)} %`;
}

function clamp(fraction: number): number {
  return Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0;
}
