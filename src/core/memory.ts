// What keeps memory small: numbers and texts by the hundred thousand in typed arrays, a few bytes each; buffers given back at once;
// garbage collected before there are dozens of megabytes of it.
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemRandom } from './random.ts';

const CHUNK_BITS = 13;
const CHUNK = 1 << CHUNK_BITS;

type Cells = Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array;

/** Smaller ones are not worth it, and may share their memory with others. */
const GIVE_BACK_BYTES_MIN = 8 * 1024;

/** Frees the memory of a buffer now: the garbage collector lets dozens of megabytes wait. Nobody may hold a part of it any more. */
export function giveBack(bytes: Buffer): void {
  const { buffer, length } = bytes;
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === length;
  if (isWhole && length >= GIVE_BACK_BYTES_MIN) buffer.transfer(0);
}

/**
 * Keeps the space for new objects as small as it is now. It grows to 48 MB otherwise, and dead sockets and decrypted records, which are
 * small objects with much memory behind them, lie there until it is full. Old ones are collected only when their space is full, and then
 * in one go: a run of a second would be over before what V8 begins well ahead of that, for the sake of shorter pauses, was of any use.
 */
export function keepNewSpaceSmall(): void {
  if (isKeptSmall) return;
  isKeptSmall = true;
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--no-incremental-marking');
  // Before bin/load.js keeps compiled code, which V8 takes only under the flags that it was made under.
  process.prependOnceListener('exit', () => {
    setFlagsFromString('--semi-space-growth-factor=2');
    setFlagsFromString('--incremental-marking');
  });
}

let isKeptSmall = false;

type Collect = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void;

/** By so much the heap, and what it holds outside, may grow between two collections of boundGarbage(). */
const GROWTH_BYTES_MAX = 20 * 1024 * 1024;

let collect: Collect | undefined;
/** The least that was held since the last collection. */
let held: number | undefined;

/** Takes some 60 ms, and a quarter of a second after 10,000 jobs. */
export function giveMemoryBack(): void {
  if (collect === undefined) {
    // V8 has no other way to be asked; without it the heap stays as large as it ever was.
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect | undefined;
    setFlagsFromString('--no-expose-gc');
  }
  collect?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/** To be called now and then by work that goes through records by the hundred thousand: the garbage they leave stays within a bound. */
export function boundGarbage(): void {
  if (held === undefined) keepNewSpaceSmall();
  const bytes = heldBytes();
  held = Math.min(held ?? bytes, bytes);
  if (bytes - held <= GROWTH_BYTES_MAX) return;
  giveMemoryBack();
  held = heldBytes();
}

function heldBytes(): number {
  const { used_heap_size: heap, external_memory: outside } = getHeapStatistics();
  return heap + outside;
}

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

/** Of texts, in one piece; a longer text gets its own. */
const PIECE_BYTES = 32 * 1024;
/** A text lies at piece * PIECE_STEP + offset. */
const PIECE_STEP = 2 ** 32;
const NOTHING = Buffer.alloc(0);

/** Different texts, numbered from 0 in the order in which they came. */
export class TextTable {
  readonly #table = new HashTable();
  /** Their UTF-8, one after the other. */
  readonly #pieces: Buffer[] = [];
  /** Of the last piece, used. */
  #end = 0;
  readonly #places = new Column(Float64Array);
  readonly #lengths = new Column(Uint32Array);
  /** Nobody can make up texts of one hash without it. */
  readonly #seed = systemRandom.bytes(4).readInt32LE();

  get size(): number {
    return this.#places.length;
  }

  /** Its number, if it was added. */
  find(text: string): number | undefined {
    return this.#find(this.#stage(text)).row;
  }

  /** Its number, a new one if need be. */
  add(text: string): number {
    const staged = this.#stage(text);
    const { hash, row } = this.#find(staged);
    if (row !== undefined) return row;
    this.#places.push((this.#pieces.length - 1) * PIECE_STEP + this.#end);
    this.#lengths.push(staged.length);
    this.#end += staged.length;
    return this.#table.add(hash);
  }

  text(row: number): string {
    const { piece, start, end } = this.#place(row);
    return piece.toString('utf8', start, end);
  }

  /** Writes it behind the others: the last piece from #end on. */
  #stage(text: string): Staged {
    const most = text.length * 3;
    if (this.#end + most > (this.#pieces.at(-1)?.length ?? 0)) {
      this.#pieces.push(Buffer.allocUnsafeSlow(Math.max(most, PIECE_BYTES)));
      this.#end = 0;
    }
    const piece = this.#pieces.at(-1) ?? NOTHING;
    return { piece, length: piece.write(text, this.#end) };
  }

  #find({ piece, length }: Staged): { readonly hash: number; readonly row: number | undefined } {
    const [start, end] = [this.#end, this.#end + length];
    const hash = hashOf(piece, start, end, this.#seed);
    const row = this.#table.find(hash, other => {
      const place = this.#place(other);
      return piece.compare(place.piece, place.start, place.end, start, end) === 0;
    });
    return { hash, row };
  }

  #place(row: number): { readonly piece: Buffer; readonly start: number; readonly end: number } {
    const place = this.#places.get(row) ?? 0;
    const start = place % PIECE_STEP;
    return {
      piece: this.#pieces[Math.floor(place / PIECE_STEP)] ?? NOTHING,
      start,
      end: start + (this.#lengths.get(row) ?? 0),
    };
  }
}

interface Staged {
  readonly piece: Buffer;
  readonly length: number;
}

/** FNV-1a from a secret start, its bits mixed at the end (as MurmurHash3 does). */
function hashOf(bytes: Buffer, start: number, end: number, seed: number): number {
  let hash = seed;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] ?? 0), 16_777_619);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
