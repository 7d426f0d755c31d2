// Tab in a line editor: the answer may come from a server, and Enter before it does, as when a line with a tab is pasted.
import type { Completion, LineShell } from './line-shell.ts';

interface Asked {
  /** What stood before the cursor. */
  readonly line: string;
  readonly answer: Promise<Completion>;
}

export class TabKey {
  readonly #shell: Pick<LineShell, 'complete'>;
  #asked: Asked | undefined;
  #over = false;

  constructor(shell: Pick<LineShell, 'complete'>) {
    this.#shell = shell;
  }

  /** As node:readline calls it. An editor whose line is over gets no answer: it would take it for the next line, or is closed. */
  readonly complete = (line: string, done: (error: Error | null, result: [string[], string]) => void): void => {
    if (this.#asked !== undefined || this.#over) return done(null, [[], line]);
    const answer = this.#shell.complete(line).catch((): Completion => [[], line]);
    this.#asked = { line, answer };
    void answer.then(([candidates, end]) => {
      if (this.#over) return;
      this.#asked = undefined;
      done(null, [[...candidates], end]);
    });
  };

  readonly lineIsOver = (): void => {
    this.#over = true;
  };

  /** The line with what Tab would have put into it, once nothing is asked any more: a session does one thing at a time. */
  async settled(line: string | undefined): Promise<string | undefined> {
    const asked = this.#asked;
    if (asked === undefined) return line;
    const completed = completedLine(asked.line, await asked.answer);
    return line?.startsWith(asked.line) === true ? completed + line.slice(asked.line.length) : line;
  }
}

/** With what all candidates have in common. */
function completedLine(line: string, [candidates, end]: Completion): string {
  const [first = end, ...others] = candidates;
  let length = first.length;
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length -= 1;
  return length < end.length ? line : line.slice(0, line.length - end.length) + first.slice(0, length);
}
