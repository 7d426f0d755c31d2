// Asks a person for something that must not be seen: nothing typed is echoed, and nothing of it stays on the screen.
import { AppError, CancelledError } from '../core/errors.ts';
import type { TextSink } from './sink.ts';

export interface PromptIo {
  readonly input: NodeJS.ReadStream;
  readonly output: Pick<TextSink, 'write'>;
}

export const ANSWER_LENGTH_MAX = 64 * 1024;

/**
 * Call it only where isInteractive(). Rejects with CancelledError on Ctrl-C and when `over` says that nobody needs the answer any
 * more, AppError `usage` when the input ends.
 */
export async function askHidden(question: string, { input, output }: PromptIo = terminal(), over?: AbortSignal): Promise<string> {
  // Before the question: whoever answers fast is not echoed either.
  input.setRawMode(true);
  try {
    output.write(question);
    return await answer(input, over);
  } finally {
    input.setRawMode(false);
    input.pause();
    output.write('\n');
  }
}

/** The same question twice, for what would be lost by a typing mistake. */
export async function askHiddenTwice(question: string, io: PromptIo = terminal()): Promise<string> {
  const first = await askHidden(question, io);
  if (first === (await askHidden('The same once more: ', io))) return first;
  throw new AppError('usage', 'the two were not the same', { hint: 'Nothing was changed; try again.' });
}

/** Everything on an input that is no terminal, without its last line end. Throws AppError `secret-too-big`. */
export async function readAnswer(input: AsyncIterable<Buffer | string> = process.stdin): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    chunks.push(Buffer.from(chunk));
    length += chunk.length;
    if (length > ANSWER_LENGTH_MAX) throw tooLong();
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

/** Whether there is a person to ask and a screen to ask on. */
export function isInteractive(): boolean {
  // stdin last: to make it ready takes time, and is of use only where it is read.
  return process.stderr.isTTY === true && process.stdin.isTTY === true;
}

function terminal(): PromptIo {
  return { input: process.stdin, output: process.stderr };
}

function answer(input: NodeJS.ReadStream, over: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed: string[] = [];
    const settle = (how: () => void) => {
      input.off('data', read).off('end', ended);
      over?.removeEventListener('abort', unasked);
      how();
    };
    const ended = () =>
      settle(() => reject(new AppError('usage', 'the input ended before the answer', { hint: 'Nothing was changed.' })));
    const unasked = () => settle(() => reject(new CancelledError()));
    const read = (chunk: Buffer | string) => {
      for (const char of String(chunk)) {
        if (ENTER.has(char)) return settle(() => resolve(typed.join('')));
        if (char === INTERRUPT) return settle(() => reject(new CancelledError('interrupted')));
        if (char === END_OF_FILE && typed.length === 0) return ended();
        if (char === ERASE || char === BACKSPACE) typed = typed.slice(0, -1);
        else if (char === ERASE_LINE) typed = [];
        else typed.push(char);
        if (typed.length > ANSWER_LENGTH_MAX) return settle(() => reject(tooLong()));
      }
    };
    over?.addEventListener('abort', unasked, { once: true });
    input.setEncoding('utf8').on('data', read).on('end', ended).resume();
  });
}

const ENTER = new Set(['\r', '\n']);
const INTERRUPT = '\u0003';
const END_OF_FILE = '\u0004';
const BACKSPACE = '\b';
const ERASE = '\u007f';
const ERASE_LINE = '\u0015';

function tooLong(): AppError {
  return new AppError('secret-too-big', `more than ${ANSWER_LENGTH_MAX} bytes`, {
    hint: 'A secret is a password or a token, not a file.',
  });
}
