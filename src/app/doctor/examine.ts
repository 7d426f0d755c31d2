// Everything the doctor looks at, in order.
import { EXIT, exitCodeOf } from '../exit-codes.ts';
import type { OneOff } from '../oneoff.ts';
import { examineConnection } from './connection.ts';
import { attempt, type Finding } from './finding.ts';
import { checkCoreDumps, checkNode, checkTime } from './machine.ts';
import { checkDisk, checkJobs, checkKeychain, checkStore, checkVault } from './workspace.ts';

/** With a connection, only that. Throws AppError when there is no such connection. */
export async function examine(connection: string | undefined, one: OneOff): Promise<readonly Finding[]> {
  if (connection !== undefined) return clean(await examineConnection(connection, one), one);
  const { workspace, clock } = one;
  const checks = [
    ['node', async () => checkNode(workspace)],
    ['core dumps', checkCoreDumps],
    ['clock', async () => checkTime(clock)],
    ['state folder', () => checkDisk(workspace)],
    ['state store', () => checkStore(workspace, clock)],
    ['keychain', checkKeychain],
    ['vault', () => checkVault(workspace)],
    ['job files', () => checkJobs(workspace)],
  ] as const;
  const findings: Finding[] = [];
  for (const [check, work] of checks) findings.push(...(await attempt(check, work)));
  return clean(findings, one);
}

/** Of the first error; warnings are no failure. */
export function examinedExitCode(findings: readonly Finding[]): number {
  const error = findings.find(({ state }) => state === 'error')?.error;
  return error === undefined ? EXIT.success : exitCodeOf(error);
}

function clean(findings: readonly Finding[], { redactor }: OneOff): readonly Finding[] {
  return redactor.redactValue(findings);
}
