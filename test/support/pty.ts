// A program at a real terminal: what a person types, and what they see, waited for by its text.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export interface PtyOptions {
  readonly cwd: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
}

export class Pty {
  readonly exit: Promise<number | null>;
  readonly #child: ChildProcess;
  #seen = '';
  #from = 0;
  #ended = false;
  #look: () => void = () => undefined;

  constructor(command: readonly string[], { cwd, env, columns = 100, rows = 30 }: PtyOptions) {
    const script = join(import.meta.dirname, 'terminal-pipe.py');
    this.#child = spawn('/usr/bin/python3', [script, String(columns), String(rows), ...command], {
      cwd,
      env: { ...env, TERM: 'xterm' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#seen += text;
      this.#look();
    });
    this.#child.stdin?.on('error', () => undefined);
    this.exit = new Promise(settle => {
      this.#child.on('close', code => {
        this.#ended = true;
        this.#look();
        settle(code);
      });
    });
  }

  /** Everything shown so far, without what moves the cursor or colours. */
  get text(): string {
    return plain(this.#seen);
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** A line, and Enter. */
  enter(line: string): void {
    this.type(`${line}\r`);
  }

  /** What was shown since the last call, up to the match. Rejects when the program ends before. */
  until(pattern: RegExp): Promise<string> {
    return new Promise((settle, reject) => {
      this.#look = () => {
        const fresh = plain(this.#seen.slice(this.#from));
        if (pattern.test(fresh)) {
          this.#from = this.#seen.length;
          this.#look = () => undefined;
          settle(fresh);
        } else if (this.#ended) reject(new Error(`ended before ${pattern}:\n${this.text}`));
      };
      this.#look();
    });
  }

  /** The terminal goes away. */
  hangUp(): void {
    this.#child.stdin?.end();
  }
}

function plain(text: string): string {
  return text.replace(/\u001b\[[?\d;]*[A-Za-z]/g, '').replace(/\u0007/g, '');
}
