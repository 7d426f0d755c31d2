// Which parts of a file are still missing, and who fetches which; and how that is written behind the file's end, so that a temporary file
// with holes is longer than the file that it becomes, and can never be taken for a beginning of it.
import { createHash } from 'node:crypto';

/** `position` to `end` is missing; both are bytes from the start of the file. */
export interface Segment {
  position: number;
  end: number;
  active: boolean;
}

/** What is left of a part must be worth another connection's start. */
export const SPLIT_BYTES_MIN = 4 * 1024 * 1024;
/** As many parts as a trailer is sure to hold. */
const SEGMENTS_MAX = 64;
export const TRAILER_BYTES_MAX = 4_096;

export type Missing = readonly (readonly [start: number, end: number])[];

export class Segments {
  readonly #all: Segment[];

  constructor(missing: Missing) {
    this.#all = missing.map(([position, end]) => ({ position, end, active: false }));
  }

  get missing(): Missing {
    return this.#all.filter(({ position, end }) => position < end).map(({ position, end }) => [position, end] as const);
  }

  get left(): number {
    return this.#all.reduce((sum, { position, end }) => sum + end - position, 0);
  }

  get splittable(): boolean {
    return this.#all.length < SEGMENTS_MAX && this.#all.some(isWorthSplitting);
  }

  /** A part that nobody fetches, else the second half of the largest. */
  take(): Segment | undefined {
    const idle = this.#all.find(({ position, end, active }) => !active && position < end);
    if (idle !== undefined) {
      idle.active = true;
      return idle;
    }
    if (!this.splittable) return undefined;
    const largest = this.#all.reduce((one, other) => (other.end - other.position > one.end - one.position ? other : one));
    const middle = Math.floor((largest.position + largest.end) / 2);
    const half = { position: middle, end: largest.end, active: true };
    largest.end = middle;
    this.#all.push(half);
    return half;
  }
}

function isWorthSplitting({ position, end }: Segment): boolean {
  return end - position >= 2 * SPLIT_BYTES_MIN;
}

/** `postrider-segments <sum> [[0,10],[20,30]]`, to be written at the file's final size. */
export function trailerOf(missing: Missing): Buffer {
  const text = JSON.stringify(missing);
  return Buffer.from(`postrider-segments ${sumOf(text)} ${text}\n`);
}

/** What is missing of a file of `size` bytes, by what stands behind them; undefined when that is no trailer. */
export function readTrailer(bytes: Buffer, size: number): Missing | undefined {
  const [, sum = '', text = ''] = /^postrider-segments ([0-9a-f]{16}) (\[\[[\d,[\]]*\]\])\n/.exec(bytes.toString('latin1')) ?? [];
  if (sum === '' || sum !== sumOf(text)) return undefined;
  const missing = JSON.parse(text) as readonly (readonly number[])[];
  const valid = missing.every(
    ([start = -1, end = -1, ...rest]) => start >= 0 && start <= end && end <= size && rest.length === 0,
  );
  return valid ? missing.map(([start = 0, end = 0]) => [start, end] as const) : undefined;
}

function sumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
