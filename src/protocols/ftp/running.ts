// A command in flight, as the one who sent it sees it.
import type { Reply } from '../wire/reply.ts';

/** Who waits for the final reply to a command. None of these must throw. */
export interface Taker {
  /** A reply that is not the final one: 150, 125. */
  start?(reply: Reply): void;
  take(reply: Reply): void;
  /** The session died before. */
  fail(error: Error): void;
}

export class Running implements Taker {
  /** The command without its secret. */
  readonly shown: string;
  /** The final reply. May be left alone: it never causes an unhandled rejection. */
  readonly final: Promise<Reply>;
  /** The first reply, when it was not the final one. */
  started: Reply | undefined;
  #resolve!: (reply: Reply) => void;
  #reject!: (error: Error) => void;

  constructor(shown: string) {
    this.shown = shown;
    this.final = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.final.catch(ignore);
  }

  start(reply: Reply): void {
    this.started ??= reply;
  }

  take(reply: Reply): void {
    this.#resolve(reply);
  }

  fail(error: Error): void {
    this.#reject(error);
  }
}

/** What `read` makes of the final reply, or what it throws. */
export class Reading<T> implements Taker {
  readonly #read: (reply: Reply) => T;
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: unknown) => void;

  constructor(read: (reply: Reply) => T, resolve: (value: T) => void, reject: (error: unknown) => void) {
    this.#read = read;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  take(reply: Reply): void {
    try {
      this.#resolve(this.#read(reply));
    } catch (error) {
      this.#reject(error);
    }
  }

  fail(error: Error): void {
    this.#reject(error);
  }
}

function ignore(): void {}
