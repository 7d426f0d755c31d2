// The messages of a listing, each made when it is looked at: a mailbox of a million is not kept as objects.
import { printable, shorten } from '../../core/text.ts';
import type { Listing } from '../../protocols/pop3/index.ts';

export interface Message {
  /** Valid in this session only. */
  readonly number: number;
  /** As LIST tells it. */
  readonly size: number;
  /** Undefined when the server has none, or gives it to several messages. */
  readonly uidl: string | undefined;
}

type Listed = Pick<Listing, 'sizes' | 'uids'>;

export class Messages implements Iterable<Message> {
  readonly numbers: readonly number[];
  readonly #listing: Listed;

  private constructor(listing: Listed, numbers: readonly number[]) {
    this.#listing = listing;
    this.numbers = numbers;
  }

  /** Every message that LIST or UIDL names, by number. */
  static of(listing: Listed): Messages {
    const { sizes, uids } = listing;
    const numbers = [...sizes.keys()];
    for (const number of uids?.keys() ?? []) if (!sizes.has(number)) numbers.push(number);
    return new Messages(
      listing,
      numbers.sort((a, b) => a - b),
    );
  }

  /** Those of these numbers, in this order. */
  only(numbers: readonly number[]): Messages {
    return new Messages(this.#listing, numbers);
  }

  get length(): number {
    return this.numbers.length;
  }

  at(place: number): Message | undefined {
    const number = this.numbers[place];
    return number === undefined ? undefined : this.#message(number);
  }

  *[Symbol.iterator](): Generator<Message> {
    for (const number of this.numbers) yield this.#message(number);
  }

  #message(number: number): Message {
    const { sizes, uids } = this.#listing;
    const uidl = uids?.shared.has(number) ? undefined : uids?.get(number);
    return { number, size: sizes.get(number) ?? 0, uidl };
  }
}

/** `message 12 (UID abc)`, safe to show. */
export function describeMessage({ number, uidl }: Message): string {
  return uidl === undefined ? `message ${number}` : `message ${number} (UID ${printable(shorten(uidl, 40))})`;
}
