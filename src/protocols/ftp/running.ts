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
  /** The first reply, when it was not the final one. */
  started: Reply | undefined;
  #reply: Reply | undefined;
  #failure: Error | undefined;
  #taker: Taker | undefined;
  #final: PromiseWithResolvers<Reply> | undefined;

  constructor(shown: string) {
    this.shown = shown;
  }

  /** The final reply, once it is there. */
  get reply(): Reply | undefined {
    return this.#reply;
  }

  /** The final reply for whoever wants a promise. May be left alone: it never causes an unhandled rejection. */
  get final(): Promise<Reply> {
    if (this.#final === undefined) {
      this.#final = Promise.withResolvers();
      this.#final.promise.catch(ignore);
      if (this.#reply !== undefined) this.#final.resolve(this.#reply);
      if (this.#failure !== undefined) this.#final.reject(this.#failure);
    }
    return this.#final.promise;
  }

  /** `taker` is told how it ends; at once when it has. */
  tell(taker: Taker): void {
    this.#taker = taker;
    if (this.#reply !== undefined) taker.take(this.#reply);
    if (this.#failure !== undefined) taker.fail(this.#failure);
  }

  start(reply: Reply): void {
    this.started ??= reply;
  }

  take(reply: Reply): void {
    this.#reply = reply;
    this.#taker?.take(reply);
    this.#final?.resolve(reply);
  }

  fail(error: Error): void {
    this.#failure = error;
    this.#taker?.fail(error);
    this.#final?.reject(error);
  }
}

/** Lets a command leave with the next one; `read` is told the reply, and may throw what it is a refusal of. */
export type Ride = (line: string, read: (reply: Reply) => void) => void;

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
