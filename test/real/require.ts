// The one place that decides whether tests against real servers run: skipped where a server is missing, failed where it is required.
import { describe, test } from 'vitest';
import { obstacles, type RealServerName, realServersRequired } from './servers/binaries.ts';

/** A describe() that needs these servers. closing-report.ts says at the end of the run what was skipped and why. */
export function describeReal(name: string, servers: readonly RealServerName[], body: () => void): void {
  const found = obstacles(servers);
  if (found.length > 0 && realServersRequired()) {
    describe(name, () => {
      test('has its servers', () => {
        throw new Error(`REQUIRE_REAL=1, but the real servers cannot run here: ${found.join('; ')}`);
      });
    });
    return;
  }
  describe.skipIf(found.length > 0)(name, body);
}
