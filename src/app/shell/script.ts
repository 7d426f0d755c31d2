// Runs the lines of a script, one after the other, up to the first error.
import { createInterface } from 'node:readline';
import { AppError, CancelledError, reportOf } from '../../core/errors.ts';
import { printable, shorten } from '../../core/text.ts';
import { mayHoldPassword } from './elsewhere.ts';
import type { LineShell } from './line-shell.ts';

/** Throws the first error, with the number and text of its line; of one that may hold a password the first word. */
export async function runScript(shell: LineShell, script: string | NodeJS.ReadableStream): Promise<void> {
  let number = 0;
  for await (const line of linesOf(script)) {
    number += 1;
    try {
      await shell.execute(line);
    } catch (error) {
      throw atLine(number, line, error);
    }
    if (shell.ended) return;
  }
}

/** Read only when everything before is done: a line reader forgets what it read before anybody asked. */
function linesOf(script: string | NodeJS.ReadableStream): Iterable<string> | AsyncIterable<string> {
  return typeof script === 'string'
    ? script.split('\n')
    : createInterface({ input: script, crlfDelay: Number.POSITIVE_INFINITY });
}

function atLine(number: number, line: string, error: unknown): AppError {
  if (error instanceof CancelledError) return error;
  const { code, message, retry, hint } = reportOf(error);
  const [word = ''] = line.trim().split(/\s/);
  const shown = mayHoldPassword(line) ? `${word} …` : line.trim();
  const text = `line ${number} (${shorten(printable(shown), 60)}): ${message}`;
  return new AppError(code, text, { retry, cause: error, ...(hint === undefined ? {} : { hint }) });
}
