import { defineConfig } from 'vitest/config';
import { ClosingReport } from './test/real/closing-report.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // What is waited for comes soon, but not on a machine that has other things to do.
    expect: { poll: { timeout: 20_000 } },
    reporters: ['default', new ClosingReport()],
    pool: 'forks',
    maxWorkers: 2,
  },
});
