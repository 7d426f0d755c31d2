// Durations that make sense: a step without any time cannot run, and no timer waits for months.
import { parseDuration } from '../../core/units.ts';
import type { Raw } from '../job.ts';
import type { Path, Problem } from '../problem.ts';

/** A timer of the system counts milliseconds in 31 bits. */
const TIMEOUT_DAYS_MAX = 24;
const EVERY_DAYS_MAX = 366;
/** Nor can cron be due more often. */
const EVERY_MS_MIN = 1_000;
const DAY_MS = 86_400_000;

/** Values that are no duration have been reported already. */
export function checkTimeout(raw: Raw | undefined, path: Path): readonly Problem[] {
  return checkDuration(raw, path, TIMEOUT_DAYS_MAX);
}

export function checkEvery(raw: Raw | undefined, path: Path): readonly Problem[] {
  const ms = typeof raw === 'string' ? parseDuration(raw) : undefined;
  if (ms !== undefined && ms > 0 && ms < EVERY_MS_MIN)
    return [{ code: 'bad-duration', path, message: '`every` must be at least 1s', hint: 'Write 1s or more.' }];
  return checkDuration(raw, path, EVERY_DAYS_MAX);
}

function checkDuration(raw: Raw | undefined, path: Path, daysMax: number): readonly Problem[] {
  const ms = typeof raw === 'string' ? parseDuration(raw) : undefined;
  if (ms === undefined || (ms > 0 && ms <= daysMax * DAY_MS)) return [];
  const base = { code: 'bad-duration', path };
  const key = path.at(-1) ?? '';
  if (ms > 0) return [{ ...base, message: `\`${key}\` must be at most ${daysMax}d`, hint: `Write ${daysMax}d or less.` }];
  return [{ ...base, message: `\`${key}\` must be longer than nothing`, hint: 'Write 15m, for example, or remove the key.' }];
}
