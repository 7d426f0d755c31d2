// The messages of a listing, each made when it is looked at: a mailbox of a million is not kept as objects.
import { Column, TextTable } from '../../core/columns.ts';
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
  /** A UID that several messages share (RFC 1939 section 7) identifies none of them. */
  readonly #withoutUid: ReadonlySet<number>;

  private constructor(listing: Listed, withoutUid: ReadonlySet<number>, numbers: readonly number[]) {
    this.#listing = listing;
    this.#withoutUid = withoutUid;
    this.numbers = numbers;
  }

  /** Every message that LIST or UIDL names, by number. */
  static of(listing: Listed): Messages {
    const { sizes, uids } = listing;
    const numbers = [...sizes.keys()];
    for (const number of uids?.keys() ?? []) if (!sizes.has(number)) numbers.push(number);
    return new Messages(
      listing,
      sharingUids(uids ?? new Map()),
      numbers.sort((a, b) => a - b),
    );
  }

  /** Those of these numbers, in this order. */
  only(numbers: readonly number[]): Messages {
    return new Messages(this.#listing, this.#withoutUid, numbers);
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
    const uidl = this.#withoutUid.has(number) ? undefined : uids?.get(number);
    return { number, size: sizes.get(number) ?? 0, uidl };
  }
}

function sharingUids(uids: ReadonlyMap<number, string>): ReadonlySet<number> {
  const sharing = new Set<number>();
  const table = new TextTable();
  const first = new Column(Float64Array);
  for (const [number, uid] of uids) {
    const row = table.add(uid);
    const before = first.get(row);
    if (before === undefined) first.set(row, number);
    else sharing.add(before).add(number);
  }
  return sharing;
}

/** `message 12 (UID abc)`, safe to show. */
export function describeMessage({ number, uidl }: Message): string {
  return uidl === undefined ? `message ${number}` : `message ${number} (UID ${printable(shorten(uidl, 40))})`;
}
