import { describe, expect, it } from 'vitest';
import { DEFAULT_RETRY, nextDelay } from '../../src/core/backoff.ts';

const half = { fraction: () => 0.5, bytes: () => Buffer.alloc(0) };
const none = { ...DEFAULT_RETRY, jitter: 'none' as const };

describe('nextDelay', () => {
  it('doubles up to the ceiling', () => {
    const policy = { ...none, attempts: 20, maxElapsedMs: Number.MAX_SAFE_INTEGER };
    const delays = [1, 2, 3, 7, 8].map(attempt => nextDelay(policy, { attempt, elapsedMs: 0, retry: 'later' }, half));
    expect(delays).toEqual([5_000, 10_000, 20_000, 300_000, 300_000]);
  });

  it('draws the whole delay by lot with full jitter', () => {
    const draw = (fraction: number) =>
      nextDelay(DEFAULT_RETRY, { attempt: 2, elapsedMs: 0, retry: 'reconnect' }, { ...half, fraction: () => fraction });
    expect([draw(0), draw(0.5), draw(0.999_999)]).toEqual([0, 5_000, 10_000]);
  });

  it.each([
    ['never', 1, 0],
    ['later', 3, 0],
    ['later', 1, 3_599_000],
  ] as const)('gives up: %s after attempt %i and %i ms', (retry, attempt, elapsedMs) => {
    expect(nextDelay(none, { attempt, elapsedMs, retry }, half)).toBeUndefined();
  });
});
