// Everything the doctor looks at, in order.
import { EXIT, exitCodeOf } from '../exit-codes.ts';
import type { OneOff } from '../oneoff/oneoff.ts';
import { examineConnection } from './connection.ts';
import { attempt, type Finding } from './finding.ts';
import { checkCoreDumps, checkNode, checkTime } from './machine.ts';
import { checkNames, connectionNames } from './names.ts';
import { checkDisk, checkJobs, checkKeychain, checkStore, checkVault } from './workspace.ts';

export interface ExamineRequest {
  /** Only this one: a name of connections.yaml, or a URL. */
  readonly connection?: string | undefined;
  /** Every connection of connections.yaml after the machine. */
  readonly all: boolean;
}

/** Throws AppError when there is no such connection. */
export async function examine({ connection, all }: ExamineRequest, one: OneOff): Promise<readonly Finding[]> {
  if (connection !== undefined) return clean(await examineConnection(connection, one), one);
  const machine = await examineMachine(one);
  return clean(all ? [...machine, ...(await examineEach(one))] : machine, one);
}

async function examineMachine({ workspace, clock }: OneOff): Promise<readonly Finding[]> {
  const checks = [
    ['node', async () => checkNode(workspace)],
    ['core dumps', checkCoreDumps],
    ['clock', async () => checkTime(clock)],
    ['state folder', () => checkDisk(workspace)],
    ['state store', () => checkStore(workspace, clock)],
    ['keychain', checkKeychain],
    ['vault', () => checkVault(workspace)],
    ['dns', () => checkNames(workspace)],
    ['job files', () => checkJobs(workspace)],
  ] as const;
  const findings: Finding[] = [];
  for (const [check, work] of checks) findings.push(...(await attempt(check, work)));
  return findings;
}

/** One after the other: what is slow or down is seen in its own row. */
async function examineEach(one: OneOff): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const name of await connectionNames(one.workspace)) {
    const found = await attempt('connection', () => examineConnection(name, one));
    findings.push(...found.map(finding => ({ ...finding, check: `${name} ${finding.check}` })));
  }
  return findings;
}

/** Of the first error; warnings are no failure. */
export function examinedExitCode(findings: readonly Finding[]): number {
  const error = findings.find(({ state }) => state === 'error')?.error;
  return error === undefined ? EXIT.success : exitCodeOf(error);
}

function clean(findings: readonly Finding[], { redactor }: OneOff): readonly Finding[] {
  return redactor.redactValue(findings);
}
