// The shell with somebody at the keyboard: a line editor while it waits, a plain terminal while a command runs.
import { createInterface } from 'node:readline';
import { AppError, CancelledError, reportOf } from '../../core/errors.ts';
import type { LineShell } from './line-shell.ts';

export interface Keyboard {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

export const HISTORY_LINES_MAX = 500;

/**
 * Until `quit` or Ctrl-D. Ctrl-C ends the running command and leaves the shell. The editor lives only while it waits for a line,
 * so that commands, questions and `!` have the terminal for themselves. Returns the history, the newest line first.
 */
export async function runInteractive(shell: LineShell, keyboard: Keyboard, past: readonly string[]): Promise<readonly string[]> {
  let history: readonly string[] = past;
  const interrupt = () => shell.cancel();
  process.on('SIGINT', interrupt);
  try {
    while (!shell.ended) {
      const line = await readLine(shell, keyboard, history, newer => {
        history = newer;
      });
      if (line === undefined) break;
      await shell.execute(line).catch(error => tell(shell, error));
    }
  } finally {
    process.off('SIGINT', interrupt);
    await shell.close();
  }
  return history;
}

/** One answer to a question of a running command; Ctrl-C and Ctrl-D answer with quit. */
export function askLine(keyboard: Keyboard, question: string): Promise<string> {
  const editor = createInterface({ ...keyboard, terminal: true, historySize: 0 });
  return new Promise(resolve => {
    editor.once('SIGINT', () => editor.close());
    editor.once('close', () => resolve('quit'));
    editor.question(question, answer => {
      resolve(answer);
      editor.close();
    });
  });
}

function readLine(
  shell: LineShell,
  keyboard: Keyboard,
  history: readonly string[],
  remember: (history: readonly string[]) => void,
): Promise<string | undefined> {
  const editor = createInterface({
    ...keyboard,
    terminal: true,
    history: [...history],
    historySize: HISTORY_LINES_MAX,
    removeHistoryDuplicates: true,
    prompt: shell.prompt,
    completer: (line: string, done: (error: Error | null, result: [string[], string]) => void) => {
      shell.complete(line).then(
        ([candidates, end]) => done(null, [[...candidates], end]),
        () => done(null, [[], line]),
      );
    },
  });
  return new Promise(resolve => {
    const settle = (line: string | undefined) => {
      resolve(line);
      editor.close();
    };
    editor.on('history', lines => remember([...lines]));
    editor.once('line', settle);
    editor.once('close', () => {
      resolve(undefined);
    });
    editor.on('SIGINT', () => {
      keyboard.output.write('^C\n');
      settle('');
    });
    editor.prompt();
  });
}

function tell(shell: LineShell, error: unknown): void {
  if (error instanceof CancelledError) return shell.say('interrupted');
  const { message, hint } = reportOf(error);
  shell.say(message);
  if (hint !== undefined && error instanceof AppError) shell.say(`  ${hint}`);
}
