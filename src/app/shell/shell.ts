// ftp shell: connects, then runs a script or reads commands from the keyboard.
import { createInterface } from 'node:readline';
import type { OneOff } from '../oneoff.ts';
import { readHistory, writeHistory } from './history-file.ts';
import { askLine, type Keyboard, runInteractive } from './interactive.ts';
import { runScript } from './script.ts';
import { type ShellIo, ShellSession } from './shell-session.ts';

export interface ShellRequest {
  /** Opened first, when given. */
  readonly target: string | undefined;
  readonly one: OneOff;
  readonly io: Omit<ShellIo, 'ask'>;
}

/** Throws the first error. */
export async function shellScript({ target, one, io }: ShellRequest, script: string | NodeJS.ReadableStream): Promise<void> {
  const shell = new ShellSession(one, io);
  try {
    if (target !== undefined) await shell.open(target);
    await runScript(shell, linesOf(script));
  } finally {
    await shell.close();
  }
}

/** Read only when everything before is done: a line reader forgets what it read before anybody asked. */
function linesOf(script: string | NodeJS.ReadableStream): Iterable<string> | AsyncIterable<string> {
  return typeof script === 'string'
    ? script.split('\n')
    : createInterface({ input: script, crlfDelay: Number.POSITIVE_INFINITY });
}

/** Throws when the first connection fails; afterwards errors are told and the shell goes on. */
export async function shellInteractive({ target, one, io }: ShellRequest, keyboard: Keyboard): Promise<void> {
  const shell = new ShellSession(one, { ...io, ask: question => askLine(keyboard, question) });
  if (target !== undefined) await shell.open(target);
  io.say('`help` lists the commands, `quit` ends the shell.');
  const history = await runInteractive(shell, keyboard, await readHistory(one.workspace));
  await writeHistory(one.workspace, history);
}
