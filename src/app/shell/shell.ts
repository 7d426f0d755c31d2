// ftp shell: connects, then runs a script or reads commands from the keyboard.
import { printable } from '../../core/text.ts';
import type { OneOff } from '../oneoff/oneoff.ts';
import { commandNamed } from './command-table.ts';
import { complete } from './completion.ts';
import { readHistory, writeHistory } from './history-file.ts';
import { askLine, type Keyboard, runInteractive } from './interactive.ts';
import type { LineShell } from './line-shell.ts';
import { runScript } from './script.ts';
import { type ShellIo, ShellSession } from './shell-session.ts';
import { commandsOf } from './words.ts';

export interface ShellRequest {
  /** Opened first, when given. */
  readonly target: string | undefined;
  readonly one: OneOff;
  readonly io: Omit<ShellIo, 'ask'>;
}

const HISTORY_FILE = 'ftp-history';

/** Throws the first error. */
export async function shellScript({ target, one, io }: ShellRequest, script: string | NodeJS.ReadableStream): Promise<void> {
  const session = new ShellSession(one, io);
  try {
    if (target !== undefined) await session.open(target);
    await runScript(lineShell(session), script);
  } finally {
    await session.close();
  }
}

/** Throws when the first connection fails; afterwards errors are told and the shell goes on. */
export async function shellInteractive({ target, one, io }: ShellRequest, keyboard: Keyboard): Promise<void> {
  const session = new ShellSession(one, { ...io, ask: question => askLine(keyboard, question) });
  if (target !== undefined) await session.open(target);
  io.say('`help` lists the commands, `quit` ends the shell.');
  const history = await runInteractive(lineShell(session), keyboard, await readHistory(one.workspace, HISTORY_FILE));
  await writeHistory(one.workspace, HISTORY_FILE, history);
}

function lineShell(session: ShellSession): LineShell {
  return {
    get prompt() {
      return session.where === undefined ? 'postrider> ' : `${session.where}:${printable(session.folder)}> `;
    },
    get ended() {
      return session.ended;
    },
    say: session.io.say,
    execute: async line => {
      for (const [word = '', ...words] of commandsOf(line)) {
        await session.run(() => commandNamed(word).run(session, words));
        if (session.ended) return;
      }
    },
    complete: line => complete(session, line),
    cancel: () => session.cancel(),
    close: () => session.close(),
  };
}
