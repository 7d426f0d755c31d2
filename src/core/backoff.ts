// How long to wait before the next attempt (exponential, capped, full jitter), and when to stop.
import type { RetryClass } from './errors.ts';
import type { Random } from './random.ts';

export interface RetryPolicy {
  /** Tries in all, the first included. */
  readonly attempts: number;
  readonly delayMs: number;
  readonly factor: number;
  readonly maxDelayMs: number;
  readonly jitter: 'full' | 'none';
  /** From the first try; no attempt starts later. */
  readonly maxElapsedMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 3,
  delayMs: 5_000,
  factor: 2,
  maxDelayMs: 300_000,
  jitter: 'full',
  maxElapsedMs: 3_600_000,
};

export interface FailedAttempt {
  /** 1 for the first. */
  readonly attempt: number;
  /** Since the first attempt started. */
  readonly elapsedMs: number;
  readonly retry: RetryClass;
}

/** Milliseconds until the next attempt, or undefined when there is none. */
export function nextDelay(policy: RetryPolicy, failed: FailedAttempt, random: Random): number | undefined {
  if (failed.retry === 'never' || failed.attempt >= policy.attempts) return undefined;
  const ceiling = Math.min(policy.maxDelayMs, policy.delayMs * policy.factor ** (failed.attempt - 1));
  const delay = policy.jitter === 'full' ? Math.round(ceiling * random.fraction()) : ceiling;
  return failed.elapsedMs + delay > policy.maxElapsedMs ? undefined : delay;
}
