// Runs the built program as a user does: a process of its own, in a folder of its own, with nothing of this process's settings.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { outputProblems } from './json-output.ts';

export const ROOT = resolve(import.meta.dirname, '../..');
export const BIN = join(ROOT, 'bin/postrider.js');

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

export interface RunningCli {
  readonly child: ChildProcess;
  readonly done: Promise<CliResult>;
  /** Resolves as soon as stdout and stderr together match; rejects when the program ends before. */
  output(pattern: Pick<RegExp, 'test'>): Promise<string>;
}

export function startCli(args: readonly string[], { cwd, env = {}, stdin }: CliOptions): RunningCli {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd,
    env: { ...cleanEnvironment(cwd), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  const watchers: (() => void)[] = [];
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text;
    for (const watch of watchers) watch();
  });
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text;
    for (const watch of watchers) watch();
  });
  child.stdin.end(stdin ?? '');
  const done = new Promise<CliResult>(settle => child.on('close', (code, signal) => settle({ code, signal, stdout, stderr })));
  const output = (pattern: Pick<RegExp, 'test'>) =>
    new Promise<string>((settle, reject) => {
      const look = () => (pattern.test(stdout + stderr) ? settle(stdout + stderr) : undefined);
      watchers.push(look);
      look();
      void done.then(() => reject(new Error(`ended before ${pattern}:\n${stdout}\n${stderr}`)));
    });
  return { child, done, output };
}

/** What is printed with --json must be what its JSON Schema says, whoever asks; and Node must have nothing to say. */
export async function cli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  const result = await startCli(args, options).done;
  const [warning] = /^\(node:\d+\) \w+Warning: .*/m.exec(result.stderr) ?? [];
  if (warning !== undefined) throw new Error(`postrider ${args.join(' ')} has Node warn: ${warning}`);
  const wrong = result.signal === null ? outputProblems(args, result.stdout) : [];
  if (wrong.length > 0)
    throw new Error(`postrider ${args.join(' ')} prints what its schema does not allow:\n${wrong.join('\n')}`);
  return result;
}

/** A folder that is gone after `work`. */
export async function inTempDir<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'postrider-test-'));
  try {
    return await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function cleanEnvironment(cwd: string): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: cwd, XDG_STATE_HOME: join(cwd, '.state'), TZ: 'UTC', LANG: 'C.UTF-8' };
}
