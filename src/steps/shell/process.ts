// One child process in its own group: started, fed, heard, and ended with everything it started.
import { type ChildProcess, spawn } from 'node:child_process';
import { CancelledError } from '../../core/errors.ts';
import type { StepContext } from '../step.ts';
import { GUARD_FD, type ShellCommand } from './command.ts';
import { LineReader } from './line-reader.ts';

/** From SIGTERM to SIGKILL: short when a person waits, longer after a timeout. */
const INTERRUPT_GRACE_MS = 1_000;
const TIMEOUT_GRACE_MS = 5_000;
/** How long to listen on after the end, when something that it left behind still holds its output open. */
const DRAIN_MS = 500;

export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly killedBy: NodeJS.Signals | null;
}

export interface ProcessOptions {
  readonly command: ShellCommand;
  readonly input: string;
  readonly env: Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
}

/** What runs now: whatever ends this process in a hurry, such as a second Ctrl-C, must not leave scripts behind. */
const groups = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of groups) signalGroup(child, 'SIGKILL');
});

/** Rejects only when the program cannot be started. */
export function runProcess({ command, input, env, onLine }: ProcessOptions, context: StepContext): Promise<ProcessEnd> {
  return new Promise((resolve, reject) => {
    const own = process.platform !== 'win32';
    const child = spawn(command.program, [...command.args], {
      cwd: context.workdir,
      env: { ...env },
      detached: own,
      windowsHide: true,
      stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = child;
    // Held open until the script has ended.
    const guard = child.stdio[GUARD_FD];
    guard?.on('error', () => undefined);
    const readers = [stdout, stderr].map(stream => {
      const reader = new LineReader(onLine);
      stream.on('data', (chunk: Buffer) => reader.write(chunk));
      return reader;
    });
    // A script may end without having read its input.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const stop = stopper(child, context);
    groups.add(child);
    child.once('error', error => {
      groups.delete(child);
      stop.release();
      reject(error);
    });
    child.once('exit', (exitCode, killedBy) => {
      stop.release();
      signalGroup(child, 'SIGTERM');
      const drain = context.clock.after(DRAIN_MS, () => {
        signalGroup(child, 'SIGKILL');
        for (const stream of [stdout, stderr, guard]) stream?.destroy();
      });
      child.once('close', () => {
        drain.cancel();
        groups.delete(child);
        for (const reader of readers) reader.end();
        resolve({ exitCode, killedBy });
      });
    });
  });
}

function stopper(child: ChildProcess, { signal, clock }: StepContext): { release(): void } {
  let timer: { cancel(): void } | undefined;
  const abort = () => {
    signalGroup(child, 'SIGTERM');
    const graceMs = signal.reason instanceof CancelledError ? INTERRUPT_GRACE_MS : TIMEOUT_GRACE_MS;
    timer = clock.after(graceMs, () => signalGroup(child, 'SIGKILL'));
  };
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return {
    release() {
      timer?.cancel();
      signal.removeEventListener('abort', abort);
    },
  };
}

/** The group, so that children of the script end with it. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // The group is already gone.
  }
}
