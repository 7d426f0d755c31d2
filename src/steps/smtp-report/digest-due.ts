// When a digest is due, and the name under which it is written once.

const DAY_MS = 24 * 3_600_000;

export const DIGEST_MS = { daily: DAY_MS, weekly: 7 * DAY_MS } as const;
export type DigestPeriod = keyof typeof DIGEST_MS;

/** A digest that runs some minutes early every now and then is not put off by a whole day. */
export const DIGEST_SLACK_MS = 3_600_000;

/** In the step's ledger: when its last digest was written, epoch milliseconds. */
export const DIGEST_KEY = 'digest';

/** Whether one is due, and since when it tells; `last` is when the last one was written. */
export function digestSince(period: DigestPeriod, last: unknown, now: number): number | undefined {
  const ms = DIGEST_MS[period];
  if (typeof last !== 'number' || last > now) return now - ms;
  return now - last < ms - DIGEST_SLACK_MS ? undefined : Math.max(last, now - 2 * ms);
}

/** The digest that follows the one of `last`, whoever writes it: it stands in the outbox in place of a run, so there is one. */
export function digestName(period: DigestPeriod, last: unknown): string {
  return `${period} digest after ${typeof last === 'number' ? new Date(last).toISOString() : 'none'}`;
}
