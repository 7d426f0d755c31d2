// The fields of a cron expression as values, and the wall-clock times that they name: calendar arithmetic, no zones, no library.

/** Lists ascend. `H`, names and steps are already values here. */
export interface CronFields {
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly months: ReadonlySet<number>;
  readonly daysOfMonth: ReadonlySet<number>;
  /** `L` in the day of month. */
  readonly lastDayOfMonth: boolean;
  /** 0 is Sunday. */
  readonly daysOfWeek: ReadonlySet<number>;
  /** `5L`: the last Friday of a month. */
  readonly lastDaysOfWeek: ReadonlySet<number>;
  /** `fri#2`: the days of the week count only as the nth of their month. */
  readonly nthOfMonth?: number;
  /** Which fields choose the day. When both are written either will do, as in every cron. */
  readonly chosenBy: 'any' | 'month' | 'week' | 'either';
  /** The hour is `*` or a step through all hours: an interval in disguise, due at every real match. */
  readonly everyHour: boolean;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** Matches in [from, to), ascending. Wall-clock times are milliseconds as if the wall clock showed UTC. */
export function* wallTimes(fields: CronFields, from: number, to: number): Generator<number> {
  for (let day = Math.floor(from / DAY_MS); day * DAY_MS < to; day++) {
    if (matchesDay(fields, day)) yield* timesOfDay(fields, day * DAY_MS, from, to);
  }
}

/** `day` counts from 1970-01-01. */
export function matchesDay(fields: CronFields, day: number): boolean {
  const date = new Date(day * DAY_MS);
  if (!fields.months.has(date.getUTCMonth() + 1)) return false;
  switch (fields.chosenBy) {
    case 'any':
      return true;
    case 'month':
      return isChosenOfMonth(fields, date);
    case 'week':
      return isChosenOfWeek(fields, date);
    case 'either':
      return isChosenOfMonth(fields, date) || isChosenOfWeek(fields, date);
  }
}

function isChosenOfMonth({ daysOfMonth, lastDayOfMonth }: CronFields, date: Date): boolean {
  return daysOfMonth.has(date.getUTCDate()) || (lastDayOfMonth && daysLeftInMonth(date) === 0);
}

function isChosenOfWeek({ daysOfWeek, lastDaysOfWeek, nthOfMonth }: CronFields, date: Date): boolean {
  const day = date.getUTCDay();
  if (lastDaysOfWeek.has(day) && daysLeftInMonth(date) < 7) return true;
  return daysOfWeek.has(day) && (nthOfMonth === undefined || Math.ceil(date.getUTCDate() / 7) === nthOfMonth);
}

function daysLeftInMonth(date: Date): number {
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0));
  return last.getUTCDate() - date.getUTCDate();
}

function* timesOfDay({ hours, minutes, seconds }: CronFields, midnight: number, from: number, to: number): Generator<number> {
  for (const hour of hours) {
    const hourAt = midnight + hour * HOUR_MS;
    if (hourAt >= to) return;
    if (hourAt + HOUR_MS <= from) continue;
    for (const minute of minutes) {
      const minuteAt = hourAt + minute * MINUTE_MS;
      if (minuteAt >= to) return;
      if (minuteAt + MINUTE_MS <= from) continue;
      for (const second of seconds) {
        const at = minuteAt + second * SECOND_MS;
        if (at >= to) return;
        if (at >= from) yield at;
      }
    }
  }
}
