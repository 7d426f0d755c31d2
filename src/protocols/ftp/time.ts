// Times as FTP writes them: YYYYMMDDHHMMSS[.sss] in UTC (RFC 3659 section 2.3).

export interface FtpTime {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly precisionMs: number;
}

const TIME_VAL = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?$/;
/** Servers with the year-2000 bug write "19100" for 2000. */
const Y2K_BUG = /^191(\d\d)(\d{10}(?:\.\d{1,9})?)$/;

/** Undefined when the text is no time, or a day that does not exist. */
export function parseTime(text: string): FtpTime | undefined {
  const match = TIME_VAL.exec(text.trim().replace(Y2K_BUG, '20$1$2'));
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, seconds, fraction] = match;
  const second = Number(seconds);
  const at = utc(Number(year), Number(month), Number(day), Number(hour), Number(minute), Math.min(second, 59));
  if (at === undefined || second > 60) return undefined;
  if (fraction === undefined) return { at, precisionMs: 1_000 };
  const ms = Math.floor(Number(`0.${fraction}`) * 1_000);
  return { at: at + ms, precisionMs: Math.max(1, 1_000 / 10 ** fraction.length) };
}

/** `YYYYMMDDHHMMSS`, UTC; the rest of the second is cut off. */
export function formatTime(at: number): string {
  const date = new Date(at);
  const day = date.getUTCFullYear() * 10_000 + (date.getUTCMonth() + 1) * 100 + date.getUTCDate();
  const time = date.getUTCHours() * 10_000 + date.getUTCMinutes() * 100 + date.getUTCSeconds();
  return `${String(day).padStart(8, '0')}${String(time).padStart(6, '0')}`;
}

/** Of a listing: `97` is 1997, `24` is 2024; OS/2 counts on, `103` is 2003. A whole year is itself. */
export function fullYear(year: number): number {
  if (year >= 1_000) return year;
  return year + (year < CENTURY_TURN ? 2_000 : 1_900);
}

const CENTURY_TURN = 70;

/** Milliseconds of a UTC date whose month counts from 1; undefined for a date or time that does not exist. */
export function utc(year: number, month: number, day: number, hour = 0, minute = 0, second = 0): number | undefined {
  const at = Date.UTC(year, month - 1, day, hour, minute, second);
  const date = new Date(at);
  const real = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  return real && year >= 1900 ? at : undefined;
}
