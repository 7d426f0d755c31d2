// Durations, sizes and rates as people write and read them: `500ms 5s 10m 2h 7d`, `64KB 2MB 1GB` (1024-based), `2MB/s`.

export const DURATION_PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
export const SIZE_PATTERN = /^(\d+(?:\.\d+)?)(B|KB|MB|GB|TB)$/;
export const RATE_PATTERN = /^(\d+(?:\.\d+)?)(B|KB|MB|GB)\/s$/;

const MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTES: Readonly<Record<string, number>> = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };

/** Milliseconds, or undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  return scaled(DURATION_PATTERN, MS, text);
}

/** Bytes, or undefined when the text is no size. */
export function parseSize(text: string): number | undefined {
  return scaled(SIZE_PATTERN, BYTES, text);
}

/** Bytes a second, or undefined when the text is no rate. */
export function parseRate(text: string): number | undefined {
  return scaled(RATE_PATTERN, BYTES, text);
}

/** `850 ms`, `4.2 s`, `12m 40s`, `3h 05m`, `2d 4h`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  const [d, h, m, s] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3_600) % 24,
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ];
  if (d > 0) return `${d}d ${h}h`;
  if (h > 0) return `${h}h ${String(m).padStart(2, '0')}m`;
  return `${m}m ${String(s).padStart(2, '0')}s`;
}

/** As parseDuration reads it: `90d`, `30s`, `1500ms`. */
export function durationText(ms: number): string {
  const [unit, size] = Object.entries(MS).findLast(([, size]) => ms % size === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}

/** `512 B`, `1.4 KB`, `23 MB`. */
export function formatSize(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1023.5 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toPrecision(2)} ${units[unit]}`;
}

export function formatRate(bytesPerSecond: number): string {
  return `${formatSize(bytesPerSecond)}/s`;
}

function scaled(pattern: RegExp, units: Readonly<Record<string, number>>, text: string): number | undefined {
  const match = pattern.exec(text);
  const unit = units[match?.[2] ?? ''];
  return match === null || unit === undefined ? undefined : Math.round(Number(match[1]) * unit);
}

/** `1 file`, `3 files`, of a plural that ends in s. */
export function formatCount(count: number, things: string): string {
  return `${count} ${thingsOf(count, things)}`;
}

/** `file` for one, else `files`. */
export function thingsOf(count: number, things: string): string {
  return count === 1 ? things.replace(/s$/, '') : things;
}
