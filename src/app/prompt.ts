// Asks on the terminal: one line, or a password that is not shown.
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CancelledError } from '../core/errors.ts';

/** Both ends of the terminal; absent where nobody can be asked. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  /** stderr: stdout may be a pipe. */
  readonly output: NodeJS.WritableStream;
}

/** The line without its end. Throws CancelledError on Ctrl-C and Ctrl-D. */
export function askLine(terminal: Terminal, question: string): Promise<string> {
  return ask(terminal.input, terminal.output, question);
}

/** The same without echo. */
export async function askSecret(terminal: Terminal, question: string): Promise<string> {
  terminal.output.write(question);
  try {
    return await ask(terminal.input, new Writable({ write: (_chunk, _encoding, done) => done() }), '');
  } finally {
    terminal.output.write('\n');
  }
}

function ask(input: NodeJS.ReadableStream, output: NodeJS.WritableStream, question: string): Promise<string> {
  const reader = createInterface({ input, output, terminal: true, historySize: 0 });
  return new Promise((resolve, reject) => {
    reader.once('SIGINT', () => reader.close());
    reader.once('close', () => reject(new CancelledError('nothing was answered')));
    reader.question(question, answer => {
      resolve(answer);
      reader.close();
    });
  });
}
