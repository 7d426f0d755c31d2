import { defineConfig } from 'vitest/config';
import { ClosingReport } from './test/real/closing-report.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Only what hangs is to fail by time: a machine with other things to do takes ten times as long as one without.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // What is waited for comes soon, but not on a machine that has other things to do.
    expect: { poll: { timeout: 20_000 } },
    reporters: ['default', new ClosingReport()],
    pool: 'forks',
    maxWorkers: 2,
  },
});
