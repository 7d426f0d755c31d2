// What every shell is to its keyboard or script, whatever protocol it speaks.

/** As node:readline wants it: the candidates for the end of the line, and that end. */
export type Completion = readonly [candidates: string[], end: string];

export interface LineShell {
  /** Shown before the next line. */
  readonly prompt: string;
  /** Set by `quit`. */
  readonly ended: boolean;
  /** One line about what happens. */
  readonly say: (line: string) => void;
  /** Runs the commands of one line; throws the first error. */
  execute(line: string): Promise<void>;
  complete(line: string): Promise<Completion>;
  /** Ends the running command and leaves the shell. */
  cancel(): void;
  close(): Promise<void>;
}
