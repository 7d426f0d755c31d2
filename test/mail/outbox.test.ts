import { describe, expect, it } from 'vitest';
import { GIVE_UP_MS, GIVE_UP_TRIES_MIN, nextTry } from '../../src/mail/outbox.ts';

const minute = 60_000;
const random = (fraction: number) => ({ fraction: () => fraction, bytes: () => Buffer.alloc(0) });

describe('the next try', () => {
  it('comes after 1, 5, 15, 30 and 60 minutes, then hourly', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7, 40].map(attempts => (nextTry(0, attempts, 1_000, random(0)) ?? 0) - 1_000);
    expect(waits.map(ms => ms / minute)).toEqual([1, 5, 15, 30, 60, 60, 60, 60]);
  });

  it('is up to a fifth later by chance', () => {
    expect([nextTry(0, 5, 0, random(0.5)), nextTry(0, 5, 0, random(0.9999999))]).toEqual([66 * minute, 72 * minute]);
  });

  it('is none once the letter is two days old', () => {
    expect(nextTry(0, 50, GIVE_UP_MS - 60 * minute, random(0))).toBe(GIVE_UP_MS);
    expect(nextTry(0, 50, GIVE_UP_MS - 60 * minute + 1, random(0))).toBeUndefined();
  });

  it('comes all the same as long as there were few', () => {
    const tries = [1, GIVE_UP_TRIES_MIN - 1, GIVE_UP_TRIES_MIN];
    expect(tries.map(attempts => nextTry(0, attempts, 2 * GIVE_UP_MS, random(0)) !== undefined)).toEqual([true, true, false]);
  });
});
