// Processes of this machine: whether one still runs, and whether a number still means the same one.
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Who holds a lock file. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** When the process began, in the words of its kernel: tells it from a later one with the same number. Empty when unknown. */
  readonly started: string;
}

export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, host: hostname(), started: startOf(process.pid) };
}

/** What was once written of a process; undefined when it is nothing of the kind. */
export function readIdentity(value: Partial<ProcessIdentity>): ProcessIdentity | undefined {
  const { pid, host, started } = value;
  return typeof pid === 'number' && typeof host === 'string' && typeof started === 'string' ? { pid, host, started } : undefined;
}

/** Whether it still runs; for processes of this host. */
export function isAlive({ pid, started }: Omit<ProcessIdentity, 'host'>): boolean {
  if (!isRunning(pid)) return false;
  const now = startOf(pid);
  return now === '' || started === '' || now === started;
}

/** Signal 0 asks whether there is such a process; EPERM means that there is, and that it belongs to somebody else. A zombie has ended. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return !/^[ZX]$/.test(processStat(pid)?.state ?? '');
}

/** Undefined where there is no /proc, or no right to look: the state as in proc(5), the start in hundredths of a second since boot. */
export function processStat(pid: number): { readonly state: string; readonly startTicks: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name, in parentheses, may hold anything; the fields after it are plain. State is the third field, the start the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', startTicks: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}

/** With the boot, since a reboot starts the count again. */
function startOf(pid: number): string {
  const stat = processStat(pid);
  return stat === undefined ? '' : `${bootId()}/${stat.startTicks}`;
}

/** Empty where the system does not tell. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return '';
  }
}
