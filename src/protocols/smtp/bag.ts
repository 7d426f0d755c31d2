// Mails on their way to one session, and which comes next: not waited for where something better is to be done meanwhile.
import { nextTurn } from '../../core/clock.ts';
import { formatAddress } from './address.ts';
import { encode, type SmtpCommand } from './command.ts';
import { type EnvelopePlan, envelopeCommands } from './envelope.ts';
import type { Stuffed } from './measure.ts';
import { type RecipientResult, type SendResult, settle } from './outcome.ts';
import type { SmtpEvent } from './session.ts';

export interface Message {
  readonly chunks: AsyncIterable<Uint8Array> | Uint8Array;
  /** The whole of it fit for DATA, where that was made beforehand. */
  readonly stuffed?: Stuffed | undefined;
  /** Awaited before the end of the message leaves: from then on the server may have it for these. Rejecting keeps it from leaving. */
  readonly onDataSent?: (recipients: readonly string[]) => Promise<void>;
  /** Bytes of the message handed to the network so far. */
  readonly onProgress?: (bytes: number) => void;
}

/** A mail with its checked envelope, and what is to be sent of that. */
export interface Parcel {
  readonly plan: EnvelopePlan;
  readonly message: Message;
  /** `plan.to` as it is written. */
  readonly recipients: readonly string[];
  readonly envelope: readonly SmtpCommand[];
  readonly envelopeBytes: number;
}

/** Made while there is time: what a mail needs is ready when its turn comes. */
export function parcelOf(plan: EnvelopePlan, message: Message): Parcel {
  const envelope = envelopeCommands(plan);
  const envelopeBytes = envelope.reduce((sum, command) => sum + encode(command).octets.length, 0);
  return { plan, message, recipients: plan.to.map(formatAddress), envelope, envelopeBytes };
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

/** A mail whose outcome is known and not told yet. */
interface Untold {
  readonly parcel: Parcel;
  readonly recipients: readonly RecipientResult[];
  readonly deciding: SmtpEvent | 'unknown';
}

/** Where a session gets its mails, and says what became of them: both while the server has something to do, where that can be. */
export class Desk {
  readonly #bag: Bag;
  #asked: Promise<Parcel | undefined> | undefined;
  #answered = false;
  #parcel: Parcel | undefined;
  #untold: Untold | undefined;

  constructor(bag: Bag) {
    this.#bag = bag;
  }

  /** Asks for the next mail, to be taken later. */
  ask(): void {
    if (this.#asked !== undefined) return;
    this.#asked = this.#bag.next();
    this.#asked.then(this.#note, this.#noteNone);
  }

  /** Whether the next mail, or the word that there is none, is here already. */
  get answered(): boolean {
    return this.#answered;
  }

  /** The same, once everybody else had a turn. */
  async atHand(): Promise<boolean> {
    this.ask();
    this.tell();
    if (!this.#answered) await Promise.race([this.#asked, nextTurn()]);
    return this.#answered;
  }

  /** The next mail where it is here already. */
  taken(): Parcel | undefined {
    const parcel = this.#parcel;
    if (parcel !== undefined) this.#forget();
    return parcel;
  }

  /** The next mail; undefined when there is none now. */
  async take(): Promise<Parcel | undefined> {
    this.tell();
    const parcel = await this.#asked;
    this.#forget();
    // An outcome that was told since may have put one back.
    return parcel ?? this.#bag.next();
  }

  /** The session is over: a mail that was asked for already cannot be had back, and was not sent. */
  async giveBack(reason: Error): Promise<void> {
    this.tell();
    const parcel = await this.#asked;
    if (parcel !== undefined) this.#bag.done(parcel, reason);
  }

  /** What became of a mail. */
  done(parcel: Parcel, outcome: SendResult | Error): void {
    this.tell();
    this.#bag.done(parcel, outcome);
  }

  /** The same, told with the next tell(): the server need not wait for what can be done while we wait for it. */
  doneSoon(parcel: Parcel, recipients: readonly RecipientResult[], deciding: SmtpEvent | 'unknown'): void {
    this.tell();
    this.#untold = { parcel, recipients, deciding };
  }

  tell(): void {
    const untold = this.#untold;
    if (untold === undefined) return;
    this.#untold = undefined;
    this.#bag.done(untold.parcel, settle(untold.recipients, untold.deciding));
  }

  #forget(): void {
    this.#asked = undefined;
    this.#answered = false;
    this.#parcel = undefined;
  }

  readonly #note = (parcel: Parcel | undefined) => {
    this.#answered = true;
    this.#parcel = parcel;
  };

  readonly #noteNone = () => this.#note(undefined);
}
