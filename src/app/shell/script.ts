// Runs the commands of a line or of a whole script, one after the other, up to the first error.
import { AppError, CancelledError, reportOf } from '../../core/errors.ts';
import { printable, shorten } from '../../core/text.ts';
import { commandNamed } from './command-table.ts';
import type { ShellSession } from './shell-session.ts';
import { commandsOf, type Words } from './words.ts';

export async function runLine(shell: ShellSession, line: string): Promise<void> {
  for (const words of commandsOf(line)) {
    await runWords(shell, words);
    if (shell.ended) return;
  }
}

/** Throws the first error, with the number and text of its line. */
export async function runScript(shell: ShellSession, lines: AsyncIterable<string> | Iterable<string>): Promise<void> {
  let number = 0;
  for await (const line of lines) {
    number += 1;
    try {
      await runLine(shell, line);
    } catch (error) {
      throw atLine(number, line, error);
    }
    if (shell.ended) return;
  }
}

function runWords(shell: ShellSession, [word = '', ...words]: Words): Promise<void> {
  return shell.run(() => commandNamed(word).run(shell, words));
}

function atLine(number: number, line: string, error: unknown): AppError {
  if (error instanceof CancelledError) return error;
  const { code, message, retry, hint } = reportOf(error);
  const text = `line ${number} (${shorten(printable(line.trim()), 60)}): ${message}`;
  return new AppError(code, text, { retry, cause: error, ...(hint === undefined ? {} : { hint }) });
}
