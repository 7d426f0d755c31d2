import { describe, expect, it } from 'vitest';
import { exitCodeOf, exitCodeOfRun } from '../../src/app/exit-codes.ts';

describe('exitCodeOf', () => {
  it.each([
    ['sign-in-refused', 'never', 4],
    ['secret-missing', 'never', 4],
    ['job-invalid', 'never', 3],
    ['job-missing', 'never', 2],
    ['store-unusable', 'never', 10],
    ['archive-locked', 'later', 8],
    ['step-timed-out', 'never', 7],
    ['disk-full', 'never', 1],
    ['connection-refused', 'reconnect', 5],
    ['server-busy', 'later', 5],
    ['never-heard-of', 'never', 1],
  ] as const)('%s (retry %s) → %i', (code, retry, exit) => expect(exitCodeOf({ code, retry })).toBe(exit));
});

describe('exitCodeOfRun', () => {
  const error = { code: 'sign-in-refused', message: '', retry: 'never' } as const;
  it.each([
    ['succeeded', undefined, undefined, 0],
    ['failed', error, undefined, 4],
    ['failed', undefined, undefined, 1],
    ['timed-out', undefined, undefined, 7],
    ['skipped', undefined, undefined, 8],
    ['cancelled', undefined, 'SIGINT', 130],
    ['cancelled', undefined, undefined, 130],
    ['cancelled', undefined, 'SIGTERM', 143],
    ['cancelled', undefined, 'SIGHUP', 143],
  ] as const)('%s %o %s → %i', (status, failure, signal, exit) => expect(exitCodeOfRun(status, failure, signal)).toBe(exit));
});
