// mboxrd: a line of any number of > and then "From " gets one more >, and loses it again. Reversible for every byte string.
//
// The > to add or to remove may stand anywhere in the run of >, so a run of any length passes through without being held.

const LF = 0x0a;
const QUOTE = 0x3e;
const FROM = Buffer.from('From ');
const ONE_QUOTE = Buffer.from('>');
const EMPTY = Buffer.alloc(0);
/** A mail of nothing but From lines would otherwise be two objects a line. */
const SLICES_MAX = 16;

/** Feed it a message from its first byte, then finish(). Lines end with LF alone. */
export class FromLines {
  readonly #mode: 'quote' | 'unquote';
  /** The end of the last chunk that only the next one can decide. */
  #held: Buffer = EMPTY;
  /** What came of the current line before #held is nothing but >. */
  #atStart = true;

  constructor(mode: 'quote' | 'unquote') {
    this.#mode = mode;
  }

  /** What it gives is valid as long as the chunk is not overwritten. */
  push(chunk: Buffer): Buffer[] {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const out: Buffer[] = [];
    let from = 0;
    for (let hit = bytes.indexOf(FROM); hit !== -1; hit = bytes.indexOf(FROM, hit + FROM.length)) {
      const run = runStart(bytes, hit);
      if (!this.#startsLine(bytes, run)) continue;
      if (this.#mode === 'quote') {
        out.push(bytes.subarray(from, hit), ONE_QUOTE);
        from = hit;
      } else if (run < hit) {
        out.push(bytes.subarray(from, hit - 1));
        from = hit;
      }
    }
    const keep = this.#undecided(bytes);
    out.push(bytes.subarray(from, keep));
    this.#atStart = this.#startsLine(bytes, runStart(bytes, keep));
    this.#held = Buffer.from(bytes.subarray(keep));
    return out.length > SLICES_MAX ? [Buffer.concat(out)] : out;
  }

  finish(): Buffer {
    const rest = this.#held;
    this.#held = EMPTY;
    this.#atStart = true;
    return rest;
  }

  #startsLine(bytes: Buffer, at: number): boolean {
    return at === 0 ? this.#atStart : bytes[at - 1] === LF;
  }

  /** Where the tail begins that may still become a From line: a beginning of "From ", and for removal one > before it. */
  #undecided(bytes: Buffer): number {
    const at = bytes.length - partialMatch(bytes);
    const run = runStart(bytes, at);
    if (!this.#startsLine(bytes, run)) return bytes.length;
    return this.#mode === 'unquote' && run < at ? at - 1 : at;
  }
}

/** The first of the > that stand directly before `end`. */
function runStart(bytes: Buffer, end: number): number {
  let start = end;
  while (start > 0 && bytes[start - 1] === QUOTE) start -= 1;
  return start;
}

/** How many bytes of "From " the end of `bytes` holds. */
function partialMatch(bytes: Buffer): number {
  for (let length = Math.min(FROM.length - 1, bytes.length); length > 0; length--) {
    if (bytes[bytes.length - length] === FROM[0] && bytes.compare(FROM, 0, length, bytes.length - length) === 0) return length;
  }
  return 0;
}
