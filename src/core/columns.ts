// Numbers and texts by the hundred thousand: a few bytes each in typed arrays, which the garbage collector does not walk through.
import { systemRandom } from './random.ts';

const CHUNK_BITS = 13;
const CHUNK = 1 << CHUNK_BITS;

type Cells = Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;

/** A list of numbers of one kind that grows without being copied. */
export class Column {
  readonly #make: new (
    length: number,
  ) => Cells;
  #chunks: Cells[] = [];
  #length = 0;

  constructor(kind: new (length: number) => Cells) {
    this.#make = kind;
  }

  get length(): number {
    return this.#length;
  }

  /** Undefined beyond the end. */
  get(at: number): number | undefined {
    return at < this.#length ? this.#chunks[at >> CHUNK_BITS]?.[at & (CHUNK - 1)] : undefined;
  }

  /** At or before the end. */
  set(at: number, value: number): void {
    if (at === this.#length) {
      if ((at & (CHUNK - 1)) === 0) this.#chunks.push(new this.#make(CHUNK));
      this.#length += 1;
    }
    const chunk = this.#chunks[at >> CHUNK_BITS];
    if (chunk !== undefined) chunk[at & (CHUNK - 1)] = value;
  }

  push(value: number): void {
    this.set(this.#length, value);
  }
}

/** Row numbers, found by the hash of what a row holds. */
export class HashTable {
  /** Row + 1, or 0; open addressing, at most half full. */
  #slots = new Int32Array(1_024);
  readonly #hashes = new Column(Int32Array);

  /** The row of that hash for which `same` says yes. */
  find(hash: number, same: (row: number) => boolean): number | undefined {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = (this.#slots[slot] ?? 0) - 1;
      if (row < 0) return undefined;
      if (this.#hashes.get(row) === hash && same(row)) return row;
    }
  }

  /** The next row; the first is 0. */
  add(hash: number): number {
    const row = this.#hashes.length;
    this.#hashes.push(hash);
    if (this.#hashes.length * 2 > this.#slots.length) this.#grow();
    else this.#enter(hash, row);
    return row;
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (let row = 0; row < this.#hashes.length; row++) this.#enter(this.#hashes.get(row) ?? 0, row);
  }

  #enter(hash: number, row: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = row + 1;
  }
}

/** Different texts, numbered from 0 in the order in which they came. */
export class TextTable {
  readonly #table = new HashTable();
  /** Their UTF-8, one after the other. */
  #bytes = Buffer.allocUnsafeSlow(4_096);
  readonly #ends = new Column(Float64Array);
  /** Nobody can make up texts of one hash without it. */
  readonly #seed = systemRandom.bytes(4).readInt32LE();

  get size(): number {
    return this.#ends.length;
  }

  /** Its number, if it was added. */
  find(text: string): number | undefined {
    return this.#find(this.#stage(text)).row;
  }

  /** Its number, a new one if need be. */
  add(text: string): number {
    const end = this.#stage(text);
    const { hash, row } = this.#find(end);
    if (row !== undefined) return row;
    this.#ends.push(end);
    return this.#table.add(hash);
  }

  text(row: number): string {
    return this.#bytes.toString('utf8', this.#start(row), this.#ends.get(row));
  }

  /** Writes it behind the others; where it ends. */
  #stage(text: string): number {
    const start = this.#start(this.size);
    const most = start + text.length * 3;
    if (most > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(most, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, start);
      this.#bytes = larger;
    }
    return start + this.#bytes.write(text, start);
  }

  #find(end: number): { readonly hash: number; readonly row: number | undefined } {
    const start = this.#start(this.size);
    const bytes = this.#bytes;
    const hash = hashOf(bytes, start, end, this.#seed);
    const row = this.#table.find(hash, row => {
      const from = this.#start(row);
      return bytes.compare(bytes, start, end, from, this.#ends.get(row)) === 0;
    });
    return { hash, row };
  }

  #start(row: number): number {
    return row === 0 ? 0 : (this.#ends.get(row - 1) ?? 0);
  }
}

/** FNV-1a from a secret start, its bits mixed at the end (as MurmurHash3 does). */
function hashOf(bytes: Buffer, start: number, end: number, seed: number): number {
  let hash = seed;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 16_777_619);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
