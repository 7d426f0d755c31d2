// Which program runs a script, and how the script reaches it: by standard input, so that neither `ps` nor the disk ever sees it.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { ShellConfig } from './config.ts';

export interface ShellCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** The script goes to this file (0600) for a program that can only read a file. */
  readonly scriptFile?: string;
}

/** Its end is the end of this process: see GUARD. */
export const GUARD_FD = 3;
/**
 * Ends the script's group when the runner is gone without a word (SIGKILL, out of memory): what takes its run up again, or begins the next
 * one, must not find the script still at work. It is nobody's child, so that `wait` in the script does not wait for it.
 */
const GUARD = `( ( read -r _ <&${GUARD_FD} || kill -KILL 0 ) </dev/null >/dev/null 2>&1 & ); exec ${GUARD_FD}<&-`;
/**
 * Reads the whole script before it starts, then gives the script an empty standard input: a command in it that reads
 * (ssh, ffmpeg) cannot swallow the rest.
 */
const FROM_STDIN = `${GUARD}; eval "$(cat)" </dev/null`;
const BASH_PLACES = ['/bin', '/usr/bin', '/usr/local/bin'];

export function shellCommand(config: ShellConfig, env: Readonly<Record<string, string>>, folder: string): ShellCommand {
  if (config.shell !== undefined) return custom(config.shell, folder);
  if (process.platform === 'win32') return custom('cmd /d /q /c {0}', folder);
  const bash = findBash(env);
  return bash === undefined
    ? { program: '/bin/sh', args: ['-e', '-c', FROM_STDIN] }
    : { program: bash, args: ['--noprofile', '--norc', '-eo', 'pipefail', '-c', FROM_STDIN] };
}

/** With `{0}` the script comes as a file; without it, on standard input. */
function custom(shell: string, folder: string): ShellCommand {
  const [program = shell, ...args] = shell.split(/\s+/).filter(part => part !== '');
  if (!args.includes('{0}')) return { program, args };
  const scriptFile = join(folder, process.platform === 'win32' ? 'script.cmd' : 'script');
  return { program, args: args.map(arg => (arg === '{0}' ? scriptFile : arg)), scriptFile };
}

function findBash(env: Readonly<Record<string, string>>): string | undefined {
  const folders = [...(env['PATH'] ?? '').split(delimiter).filter(part => part.startsWith('/')), ...BASH_PLACES];
  return folders.map(folder => join(folder, 'bash')).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
