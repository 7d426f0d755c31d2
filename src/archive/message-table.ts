// Where archived messages lie, found by their SHA-256: some seventy bytes each, so that a million of them fit in memory.
import { Column, HashTable } from '../core/memory.ts';
import type { LineEnds } from './line-ends.ts';

/** Where a message lies: no header fields, of which a million would not fit in memory. */
export interface StoredMessage {
  readonly sha256: string;
  readonly size: number;
  readonly month: string;
  /** A file of the Maildir holds it; offset and length are 0 then. */
  readonly maildir: boolean;
  readonly offset: number;
  readonly length: number;
  readonly lineEnds: LineEnds;
  readonly finalNewline: boolean;
  /** Epoch milliseconds. */
  readonly fetchedAt: number;
}

const HASH_BYTES = 32;
const HASH_WORDS = HASH_BYTES / 4;

/** Bits of a row's form. */
const MAILDIR = 1;
const RAW = 2;
const NO_FINAL_NEWLINE = 4;

/** Numbered from 0 in the order in which they were added. */
export class MessageTable {
  readonly #table = new HashTable();
  readonly #words = new Column(Int32Array);
  readonly #sizes = new Column(Float64Array);
  readonly #offsets = new Column(Float64Array);
  readonly #lengths = new Column(Float64Array);
  readonly #times = new Column(Float64Array);
  readonly #forms = new Column(Uint8Array);
  readonly #monthOf = new Column(Uint16Array);
  readonly #months: string[] = [];
  /** One hash, and its words. */
  readonly #scratch = Buffer.alloc(HASH_BYTES);
  readonly #scratchWords = new Int32Array(this.#scratch.buffer, this.#scratch.byteOffset, HASH_WORDS);

  get size(): number {
    return this.#sizes.length;
  }

  /** Undefined for a text that is no SHA-256 in lower case, too. */
  find(sha256: string): number | undefined {
    if (!/^[0-9a-f]{64}$/.test(sha256)) return undefined;
    this.#scratch.write(sha256, 'hex');
    return this.#table.find(this.#scratchWords[0] ?? 0, row => this.#holdsScratch(row));
  }

  /** A hash that is not there yet. */
  add({ sha256, size, month, maildir, offset, length, lineEnds, finalNewline, fetchedAt }: StoredMessage): number {
    this.#scratch.write(sha256, 'hex');
    for (const word of this.#scratchWords) this.#words.push(word);
    this.#sizes.push(size);
    this.#offsets.push(offset);
    this.#lengths.push(length);
    this.#times.push(fetchedAt);
    this.#forms.push((maildir ? MAILDIR : 0) | (lineEnds === 'raw' ? RAW : 0) | (finalNewline ? 0 : NO_FINAL_NEWLINE));
    this.#monthOf.push(this.#month(month));
    return this.#table.add(this.#scratchWords[0] ?? 0);
  }

  get(row: number): StoredMessage {
    const form = this.#forms.get(row) ?? 0;
    return {
      sha256: this.#sha256(row),
      size: this.sizeOf(row),
      month: this.#months[this.#monthOf.get(row) ?? 0] ?? '',
      maildir: (form & MAILDIR) !== 0,
      offset: this.#offsets.get(row) ?? 0,
      length: this.#lengths.get(row) ?? 0,
      lineEnds: (form & RAW) === 0 ? 'crlf' : 'raw',
      finalNewline: (form & NO_FINAL_NEWLINE) === 0,
      fetchedAt: this.#times.get(row) ?? 0,
    };
  }

  sizeOf(row: number): number {
    return this.#sizes.get(row) ?? 0;
  }

  #sha256(row: number): string {
    for (let word = 0; word < HASH_WORDS; word++) this.#scratchWords[word] = this.#words.get(row * HASH_WORDS + word) ?? 0;
    return this.#scratch.toString('hex');
  }

  #holdsScratch(row: number): boolean {
    for (let word = 0; word < HASH_WORDS; word++) {
      if (this.#words.get(row * HASH_WORDS + word) !== this.#scratchWords[word]) return false;
    }
    return true;
  }

  /** Almost always the last one. */
  #month(month: string): number {
    const known = this.#months.lastIndexOf(month);
    return known === -1 ? this.#months.push(month) - 1 : known;
  }
}
