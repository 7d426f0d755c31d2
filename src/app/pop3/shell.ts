// pop3 shell: connects, then runs a script or reads commands from the keyboard.
import type { OneOff } from '../oneoff/oneoff.ts';
import { findCommand } from '../shell/command.ts';
import { readHistory, writeHistory } from '../shell/history-file.ts';
import { type Keyboard, runInteractive } from '../shell/interactive.ts';
import type { LineShell } from '../shell/line-shell.ts';
import { runScript } from '../shell/script.ts';
import { commandsOf } from '../shell/words.ts';
import { Pop3Session, type Pop3ShellIo } from './pop3-session.ts';
import { pop3Commands } from './shell-commands.ts';

export interface Pop3ShellRequest {
  readonly target: string;
  readonly one: OneOff;
  readonly io: Pop3ShellIo;
}

const HISTORY_FILE = 'pop3-history';

/** Throws the first error; nothing is deleted then. A script that ends without `quit` or `abort` ends with `quit`. */
export async function pop3Script({ target, one, io }: Pop3ShellRequest, script: string | NodeJS.ReadableStream): Promise<void> {
  const session = new Pop3Session(one, io);
  try {
    await session.open(target);
    await runScript(lineShell(session), script);
    if (!session.ended) await session.quit();
  } finally {
    session.close();
  }
}

/** Throws when the first connection fails; afterwards errors are told and the shell goes on. Ctrl-D deletes nothing. */
export async function pop3Interactive({ target, one, io }: Pop3ShellRequest, keyboard: Keyboard): Promise<void> {
  const session = new Pop3Session(one, io);
  await session.open(target);
  io.say('`help` lists the commands; `quit` deletes what is marked and ends the shell, `abort` deletes nothing.');
  const history = await runInteractive(lineShell(session), keyboard, await readHistory(one.workspace, HISTORY_FILE));
  await writeHistory(one.workspace, HISTORY_FILE, history);
}

function lineShell(session: Pop3Session): LineShell {
  return {
    get prompt() {
      const marks = session.marked.size === 0 ? '' : ` (${session.marked.size} marked)`;
      return `${session.where}${marks}> `;
    },
    get ended() {
      return session.ended;
    },
    say: session.io.say,
    execute: async line => {
      for (const [word = '', ...words] of commandsOf(line)) {
        await findCommand(pop3Commands, word).run(session, words);
        if (session.ended) return;
      }
    },
    complete: async line => {
      const names = pop3Commands.flatMap(each => each.names).filter(name => name.startsWith(line.toLowerCase()));
      return [/\s/.test(line) ? [] : names.map(name => `${name} `), line];
    },
    cancel: () => session.cancel(),
    close: async () => {
      if (!session.ended) session.forget();
      session.close();
    },
  };
}
