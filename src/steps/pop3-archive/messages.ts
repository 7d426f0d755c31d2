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

  /** As LIST tells them, together. */
  get bytes(): number {
    let bytes = 0;
    for (const number of this.numbers) bytes += this.#listing.sizes.get(number) ?? 0;
    return bytes;
  }

  at(place: number): Message | undefined {
    const number = this.numbers[place];
    return number === undefined ? undefined : this.#message(number);
  }

  /** Where a number stands in a list by number, as of() makes it; undefined where it does not. */
  placeOf(number: number): number | undefined {
    let [from, to] = [0, this.numbers.length - 1];
    // On almost every server they run 1, 2, 3 …
    if (this.numbers[number - 1] === number) return number - 1;
    while (from <= to) {
      const middle = (from + to) >> 1;
      const there = this.numbers[middle] ?? 0;
      if (there === number) return middle;
      if (there < number) from = middle + 1;
      else to = middle - 1;
    }
    return undefined;
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
