// Mails on their way to one session, and which comes next: not waited for where something better is to be done meanwhile.
import { nextTurn } from '../../core/clock.ts';
import type { EnvelopePlan } from './envelope.ts';
import type { SendResult } from './outcome.ts';

export interface Message {
  readonly chunks: AsyncIterable<Uint8Array> | Uint8Array;
  /** Awaited before the end of the message leaves: from then on the server may have it for these. Rejecting keeps it from leaving. */
  readonly onDataSent?: (recipients: readonly string[]) => Promise<void>;
  /** Bytes of the message handed to the network so far. */
  readonly onProgress?: (bytes: number) => void;
}

/** A mail with its checked envelope. */
export interface Parcel {
  readonly plan: EnvelopePlan;
  readonly message: Message;
}

export interface Bag {
  /** The next mail; undefined when there is none. The end of the mail before waits for this answer. */
  next(): Promise<Parcel | undefined>;
  /**
   * Exactly once for each mail that next() gave, in order. An error: the message certainly did not get through whole. A result: the
   * server's verdict, or `indeterminate` when the end of the message left and no verdict came.
   */
  done(parcel: Parcel, outcome: SendResult | Error): void;
}

export class Upcoming {
  readonly #bag: Bag;
  #next: Promise<Parcel | undefined> | undefined;
  #answered = false;

  constructor(bag: Bag) {
    this.#bag = bag;
  }

  /** Asks for the next mail, to be taken later. */
  ask(): void {
    if (this.#next !== undefined) return;
    const asked = this.#bag.next();
    this.#next = asked;
    const answered = () => {
      this.#answered ||= this.#next === asked;
    };
    asked.then(answered, answered);
  }

  /** Whether take() has its answer by now. */
  async atHand(): Promise<boolean> {
    this.ask();
    if (!this.#answered) await Promise.race([this.#next, nextTurn()]);
    return this.#answered;
  }

  /** The next mail; undefined when there is none now. */
  async take(): Promise<Parcel | undefined> {
    const early = await this.#take();
    // An outcome that was told since may have put one back.
    return early ?? this.#bag.next();
  }

  /** The session is over: a mail that was asked for already cannot be had back, and was not sent. */
  async giveBack(reason: Error): Promise<void> {
    const parcel = await this.#take();
    if (parcel !== undefined) this.#bag.done(parcel, reason);
  }

  async #take(): Promise<Parcel | undefined> {
    const next = this.#next;
    this.#next = undefined;
    this.#answered = false;
    return next;
  }
}
