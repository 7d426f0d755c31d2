// What a listing says of each message by its number, as maps in columns: a mailbox of a million messages takes a few dozen megabytes.
import { Column, TextTable } from '../../core/memory.ts';

export interface UidMap extends ReadonlyMap<number, string> {
  /** Numbers of messages that have their id in common with others: it identifies none of them (RFC 1939 section 7). */
  readonly shared: ReadonlySet<number>;
}

/** In the order in which they were set. */
abstract class Numbered<V> implements ReadonlyMap<number, V> {
  #size = 0;
  /** Only when they do not run 1, 2, 3 … as on almost every server: the numbers, and where each stands. */
  #odd: { readonly numbers: Column; readonly places: Map<number, number> } | undefined;

  protected abstract valueAt(place: number): V;
  protected abstract add(value: V, number: number): void;

  get size(): number {
    return this.#size;
  }

  /** A number that is not there yet. */
  set(number: number, value: V): void {
    if (this.#odd === undefined && number !== this.#size + 1) this.#odd = firstNumbers(this.#size);
    this.#odd?.places.set(number, this.#size);
    this.#odd?.numbers.push(number);
    this.#size += 1;
    this.add(value, number);
  }

  get(number: number): V | undefined {
    const place = this.#place(number);
    return place === undefined ? undefined : this.valueAt(place);
  }

  has(number: number): boolean {
    return this.#place(number) !== undefined;
  }

  *keys(): Generator<number, undefined> {
    for (let place = 0; place < this.#size; place++) yield this.#number(place);
  }

  *values(): Generator<V, undefined> {
    for (let place = 0; place < this.size; place++) yield this.valueAt(place);
  }

  *entries(): Generator<[number, V], undefined> {
    for (let place = 0; place < this.size; place++) yield [this.#number(place), this.valueAt(place)];
  }

  [Symbol.iterator](): Generator<[number, V], undefined> {
    return this.entries();
  }

  forEach(each: (value: V, number: number, map: ReadonlyMap<number, V>) => void): void {
    for (const [number, value] of this) each(value, number, this);
  }

  #place(number: number): number | undefined {
    if (this.#odd !== undefined) return this.#odd.places.get(number);
    return Number.isInteger(number) && number >= 1 && number <= this.#size ? number - 1 : undefined;
  }

  #number(place: number): number {
    return this.#odd?.numbers.get(place) ?? place + 1;
  }
}

/** 1 to `count`. */
function firstNumbers(count: number): { readonly numbers: Column; readonly places: Map<number, number> } {
  const odd = { numbers: new Column(Float64Array), places: new Map<number, number>() };
  for (let place = 0; place < count; place++) {
    odd.numbers.push(place + 1);
    odd.places.set(place + 1, place);
  }
  return odd;
}

export class NumberedSizes extends Numbered<number> {
  readonly #sizes = new Column(Float64Array);

  protected valueAt(place: number): number {
    return this.#sizes.get(place) ?? 0;
  }

  protected add(size: number): void {
    this.#sizes.push(size);
  }
}

export class NumberedUids extends Numbered<string> implements UidMap {
  readonly shared = new Set<number>();
  readonly #uids = new TextTable();
  /** Of each id, the number that had it first. */
  readonly #first = new Column(Float64Array);
  readonly #rows = new Column(Uint32Array);

  protected valueAt(place: number): string {
    return this.#uids.text(this.#rows.get(place) ?? 0);
  }

  protected add(uid: string, number: number): void {
    const row = this.#uids.add(uid);
    this.#rows.push(row);
    const first = this.#first.get(row);
    if (first === undefined) this.#first.push(number);
    else this.shared.add(first).add(number);
  }
}
