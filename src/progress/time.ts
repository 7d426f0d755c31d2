// Points in time as people read them: local, with the zone.

/** `2026-11-22 03:30:05 +01:00`. `timeZone` defaults to this machine's. */
export function localTime(epochMs: number, timeZone?: string): string {
  const { date, time, seconds, offset } = localParts(epochMs, timeZone);
  return `${date} ${time}:${seconds} ${offset}`;
}

/** `2026-11-22 03:30 +01:00`, for tables. */
export function localMinute(epochMs: number, timeZone?: string): string {
  const { date, time, offset } = localParts(epochMs, timeZone);
  return `${date} ${time} ${offset}`;
}

function localParts(epochMs: number, timeZone: string | undefined) {
  const parts = formatOf(timeZone).formatToParts(epochMs);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find(p => p.type === type)?.value ?? '';
  const offset = part('timeZoneName').replace('GMT', '') || '+00:00';
  return {
    date: `${part('year')}-${part('month')}-${part('day')}`,
    time: `${part('hour')}:${part('minute')}`,
    seconds: part('second'),
    offset,
  };
}

/** Zones remembered: making a format takes as long as dozens of uses. */
const FORMATS_MAX = 100;
const formats = new Map<string | undefined, Intl.DateTimeFormat>();

function formatOf(timeZone: string | undefined): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  if (formats.size >= FORMATS_MAX) formats.clear();
  const format = new Intl.DateTimeFormat('en-CA', {
    ...(timeZone === undefined ? {} : { timeZone }),
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
  });
  formats.set(timeZone, format);
  return format;
}
