// The one place that decides whether tests against real servers run: skipped where a server is missing, failed where it is required.
import { describe, test } from 'vitest';
import { obstacles, type RealServerName, realServersRequired } from './servers/binaries.ts';

type Suite = typeof describe.skip;

/** A describe() that needs these servers. closing-report.ts says at the end of the run what was skipped and why. */
export function describeReal(name: string, servers: readonly RealServerName[], body: () => void): void {
  if (servesHere(name, servers)) suite(servers)(name, body);
}

/** The same once for every case; `$key` in the name stands for the case's own. */
describeReal.each = <Case extends object>(
  name: string,
  cases: readonly Case[],
  servers: readonly RealServerName[],
  body: (one: Case) => void,
): void => {
  if (servesHere(name, servers)) for (const one of cases) suite(servers)(filled(name, one), () => body(one));
};

function suite(servers: readonly RealServerName[]): Suite {
  return describe.skipIf(obstacles(servers).length > 0);
}

/** Says no, with a test that fails, when the servers are missing and must not be. */
function servesHere(name: string, servers: readonly RealServerName[]): boolean {
  const found = obstacles(servers);
  if (found.length === 0 || !realServersRequired()) return true;
  describe(name, () => {
    test('has its servers', () => {
      throw new Error(`REQUIRE_REAL=1, but the real servers cannot run here: ${found.join('; ')}`);
    });
  });
  return false;
}

function filled(name: string, one: object): string {
  return Object.entries(one).reduce((text, [key, value]) => text.replaceAll(`$${key}`, String(value)), name);
}
