// Starts a server's process in a temporary folder of its own, waits until it answers, and stops it with all its children.
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** What every rig hands back. */
export interface RealServer {
  readonly host: 'localhost';
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** The authority to trust; there even when the server speaks no TLS. */
  readonly caFile: string;
  /** The folder on disk that the user sees: the FTP root, the Maildir. */
  readonly root: string;
  /** The server's process and its children, as they are now. */
  pids(): number[];
  /** What the server wrote to its log and its output so far. */
  log(): string;
  /** Ends the server and its children and removes its folder. May be called twice. */
  stop(): Promise<void>;
}

export interface ProcessOptions {
  readonly folder: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Ready when every one of them accepts connections. */
  readonly ports: readonly number[];
  /** Where it listens. Default: 127.0.0.1. */
  readonly address?: string;
  /** Log files to show in log(). */
  readonly logs?: readonly string[];
  /** Runs after the process is gone and before the folder is removed. */
  cleanUp?(): void;
}

const READY_WITHIN_MS = 30_000;
const STOPS_WITHIN_MS = 10_000;
const POLL_MS = 25;
/** For looking at a rig's configuration and logs after a test. */
const KEEP_FOLDERS = process.env.POSTRIDER_REAL_KEEP === '1';

/** What to undo when this process ends before its servers were stopped: a failed test, a worker that is stopped, Ctrl-C. */
const abandoned = new Set<() => void>();
process.once('exit', undoAll);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.once(signal, () => {
    undoAll();
    process.exit(1);
  });
}

function undoAll(): void {
  for (const undo of abandoned) undo();
  abandoned.clear();
}

/** A folder that unprivileged server processes may enter; short, because unix socket paths are limited to 107 bytes. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'postrider-rig-'));
  chmodSync(folder, 0o755);
  abandoned.add(() => removeFolder(folder));
  return folder;
}

export async function startProcess(options: ProcessOptions): Promise<Pick<RealServer, 'pids' | 'log' | 'stop'>> {
  const output = join(options.folder, 'output.log');
  const child = spawn(options.command, options.args, {
    cwd: options.folder,
    detached: true,
    env: { PATH: process.env.PATH, LANG: 'C', TZ: 'UTC', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => appendQuietly(output, chunk));
  const log = () =>
    [...(options.logs ?? []), output]
      .filter(existsSync)
      .map(file => readFileSync(file, 'utf8'))
      .join('');
  // A session's process outlives the one that forked it for a moment, and then is nobody's descendant.
  const seen = new Set<number>();
  const pids = () => {
    const now = child.pid === undefined ? [] : descendants(child.pid);
    for (const pid of now) seen.add(pid);
    return now;
  };
  const everyone = () => [...new Set([...pids(), ...seen])];
  const abandon = () => end(child, everyone(), options);
  abandoned.add(abandon);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= stopTree(child, everyone()).finally(() => {
      abandoned.delete(abandon);
      end(child, [], options);
    });
    return stopped;
  };
  try {
    for (const port of options.ports) await answers({ host: options.address ?? '127.0.0.1', port }, child);
  } catch (error) {
    const said = log();
    await stop();
    throw new Error(`${options.command}: ${(error as Error).message}\n${said}`, { cause: error });
  }
  return { pids, log, stop };
}

async function answers(at: { readonly host: string; readonly port: number }, child: ChildProcess): Promise<void> {
  const until = Date.now() + READY_WITHIN_MS;
  while (!(await accepts(at))) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('ended before it answered');
    if (child.pid === undefined) throw new Error('could not be started');
    if (Date.now() > until) throw new Error(`does not answer on port ${at.port}`);
    await pause(POLL_MS);
  }
}

function accepts(at: { readonly host: string; readonly port: number }): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(at);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function stopTree(child: ChildProcess, tree: readonly number[]): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  const started = Date.now();
  const left = () => tree.filter(isRunning);
  for (let hard = false; left().length > 0; await pause(POLL_MS)) {
    const waited = Date.now() - started;
    if (!hard && waited > STOPS_WITHIN_MS / 2) {
      hard = true;
      for (const pid of left()) kill(pid);
    }
    if (waited > STOPS_WITHIN_MS) throw new Error(`processes ${left().join(', ')} do not end`);
  }
}

/** The last resort of a test run that ends early, and the tail of an orderly stop. */
function end(child: ChildProcess, tree: readonly number[], options: ProcessOptions): void {
  for (const pid of tree) kill(pid);
  child.stdout?.destroy();
  child.stderr?.destroy();
  options.cleanUp?.();
  removeFolder(options.folder);
}

function removeFolder(folder: string): void {
  if (!KEEP_FOLDERS) rmSync(folder, { recursive: true, force: true });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Already gone.
  }
}

/** A zombie counts as gone: it waits only for its parent to notice. */
export function isRunning(pid: number): boolean {
  const state = stat(pid)?.state;
  return state !== undefined && state !== 'Z';
}

function descendants(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const entry = Number.isInteger(pid) ? stat(pid) : undefined;
    if (entry !== undefined) parents.set(pid, entry.parent);
  }
  const tree = parents.has(root) ? [root] : [];
  for (const parent of tree) for (const [pid, its] of parents) if (its === parent) tree.push(pid);
  return tree;
}

/** proc(5): the command name stands in parentheses and may itself hold some. */
function stat(pid: number): { readonly state: string; readonly parent: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

function appendQuietly(file: string, chunk: Buffer): void {
  try {
    appendFileSync(file, chunk);
  } catch {
    // The folder is gone: the server is being stopped.
  }
}
