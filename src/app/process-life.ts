// Whether the process that a record names still runs: not a zombie, and not another program that got its number since.
import { readFileSync } from 'node:fs';
import { systemClock } from '../core/clock.ts';
import { isRunning, processStat } from '../files/processes.ts';

/** Linux counts the age of a process in hundredths of a second on every machine that Node runs on. */
const TICK_MS = 10;
/** What clocks may be apart before a later start means another process. */
const START_SLACK_MS = 10_000;
const OWN_NAME = 'postrider';
/** Epoch milliseconds. */
const SELF_STARTED_AT = systemClock.now() - process.uptime() * 1_000;

/** `since` in epoch milliseconds. A number like our own is often not ours: a container gives its first process the same one each time. */
export function isAlive(pid: number, since: number): boolean {
  if (pid === process.pid) return since >= SELF_STARTED_AT;
  if (!isRunning(pid)) return false;
  const facts = processFacts(pid);
  return facts === undefined || isRunner(facts, since);
}

export interface ProcessFacts {
  readonly startedAt: number;
  readonly commandLine: string;
}

/**
 * A start later than the record is not enough to call it somebody else, for the clock may have been set forward meanwhile: two runs at
 * once are worse than a wait.
 */
export function isRunner({ startedAt, commandLine }: ProcessFacts, since: number): boolean {
  return startedAt <= since + START_SLACK_MS || commandLine.includes(OWN_NAME);
}

/** Undefined where there is no /proc, or no right to look. */
function processFacts(pid: number): ProcessFacts | undefined {
  try {
    const bootedAt = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1]) * 1_000;
    const startedAt = bootedAt + Number(processStat(pid)?.startTicks) * TICK_MS;
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return Number.isFinite(startedAt) ? { startedAt, commandLine } : undefined;
  } catch {
    return undefined;
  }
}
