// Years, months and days as people name them in flags and queries.
import { AppError } from '../core/errors.ts';

/** First and one past the last millisecond of a year, month or day in UTC. `what` names the place for the error. */
export function periodOf(what: string, text: string): readonly [from: number, to: number] {
  const [, year, month, day] = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(text) ?? [];
  const from = Date.parse(`${year}-${month ?? '01'}-${day ?? '01'}T00:00:00Z`);
  const [y, m, d] = [Number(year), Number(month ?? 1) - 1, Number(day ?? 1)];
  const to = day !== undefined ? Date.UTC(y, m, d + 1) : month !== undefined ? Date.UTC(y, m + 1) : Date.UTC(y + 1, 0);
  if (!Number.isNaN(from) && new Date(from).getUTCDate() === d) return [from, to];
  throw new AppError('usage', `${what} ${text}: this is no date`, { hint: 'Write 2026, 2026-11 or 2026-11-22.' });
}
