// Commands of the shell about the session itself: open, close, quit, and a command of the local system.
import { spawn } from 'node:child_process';
import { AppError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import { publicEnvironment } from '../../secrets/environment.ts';
import { need, type ShellCommand } from './command.ts';
import type { ShellSession } from './shell-session.ts';

const OPEN_HINT =
  'Write: open @name, or open ftp://user@host:port/; the password is asked for, or comes from POSTRIDER_PASSWORD.';

const open: ShellCommand = {
  names: ['open'],
  usage: 'open URL|@NAME',
  summary: 'connect to a server',
  async run(shell, words) {
    // What there is besides the one word may be a password: it is not repeated.
    if (words.length !== 1) throw new AppError('usage', 'open takes one word', { hint: OPEN_HINT });
    await shell.open(words[0] ?? '');
    shell.io.say(`connected to ${shell.where}, in ${printable(shell.folder)}`);
  },
};

const close: ShellCommand = {
  names: ['close', 'disconnect'],
  usage: 'close',
  summary: 'end the session, but not the shell',
  async run(shell, words) {
    need(close, words, 0, 0);
    if (shell.where === undefined) throw new AppError('not-connected', 'not connected', { hint: 'There is nothing to close.' });
    await shell.close();
  },
};

const quit: ShellCommand = {
  names: ['quit', 'bye', 'exit'],
  usage: 'quit',
  summary: 'end the session and the shell',
  async run(shell) {
    shell.ended = true;
    await shell.close();
  },
};

const local: ShellCommand = {
  names: ['!'],
  usage: '!COMMAND',
  summary: 'run a command here, in the local folder',
  async run(shell, words) {
    const command = words.join(' ');
    if (command === '') throw new AppError('usage', 'there is no command after the !', { hint: 'Write: !ls -l' });
    const code = await runLocally(shell, command);
    if (code !== 0) throw new AppError('command-failed', `"${printable(command)}" ended with ${code}`);
  },
};

export const sessionCommands: readonly ShellCommand[] = [open, close, quit, local];

/** Ctrl-C reaches it from the terminal; in a script it must not eat the script. Secrets in our environment are not handed on. */
function runLocally(shell: ShellSession, command: string): Promise<number | string> {
  const stdin = shell.io.ask === undefined ? 'ignore' : 'inherit';
  return new Promise((resolve, reject) => {
    const child = spawn(command, {
      shell: true,
      cwd: shell.localFolder,
      env: publicEnvironment(shell.one.workspace.env),
      stdio: [stdin, 'inherit', 'inherit'],
    });
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal ?? 0));
  });
}
