// How many sessions a mirror should have: more while that makes it faster, fewer when the server wants fewer. Pure: time is handed in.
//
//   FIRST ── done faster with more, or all stuck in large files ──► STEP more … `most`
//     └───── no faster ──► stays ── a while ──► measured again
//   refused ──► as many as are alive ── a while ──► one more

/** What a server was seen to allow; kept between runs. */
export interface KnownLimit {
  readonly sessions: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

export function isKnownLimit(value: unknown): value is KnownLimit {
  const { sessions, at } = (value ?? {}) as Partial<Record<keyof KnownLimit, unknown>>;
  return typeof sessions === 'number' && sessions >= 1 && typeof at === 'number';
}

const FIRST = 4;
const STEP = 2;
/** Pieces of work that make a rate. */
const SAMPLE_MIN = 8;
/** Of the gain that as many more sessions could bring at best. */
const GAIN_MIN = 0.3;
const MEASURED_AGAIN_MS = 30_000;
/** After a refusal: how long until one more is tried, within a run and between runs. */
const REFUSAL_HOLDS_MS = 300_000;
const KNOWN_HOLDS_MS = 3_600_000;

export class SessionCount {
  readonly #most: number;
  #limit: number;
  #target: number;
  #refusedAt: number | undefined;
  #sample = { from: 0, done: 0 };
  #last: { readonly rate: number; readonly sessions: number } | undefined;
  #settledAt: number | undefined;

  /** `known`: what the last run found. */
  constructor(most: number, known?: { readonly sessions: number; readonly ageMs: number }) {
    this.#most = Math.max(1, most);
    const allowed = known === undefined ? most : known.sessions + (known.ageMs < KNOWN_HOLDS_MS ? 0 : 1);
    this.#limit = Math.max(1, Math.min(this.#most, allowed));
    this.#target = FIRST;
  }

  /** What the server allows, when that is less than was asked for. */
  get allowed(): number | undefined {
    return this.#limit < this.#most ? this.#limit : undefined;
  }

  /** So many are worth having from the start. */
  expect(sessions: number): void {
    this.#target = Math.max(this.#target, Math.min(this.#most, sessions));
  }

  wanted(now: number): number {
    if (this.#limit < this.#most && this.#refusedAt !== undefined && now - this.#refusedAt >= REFUSAL_HOLDS_MS) {
      this.#limit += 1;
      this.#refusedAt = now;
    }
    return Math.min(this.#limit, this.#target);
  }

  /** A session could not be had, or was taken away, because there are too many. True when that is news. */
  refused(now: number, alive: number): boolean {
    const limit = Math.max(1, Math.min(this.#limit, alive));
    const news = limit < this.#limit;
    this.#limit = limit;
    this.#refusedAt = now;
    return news;
  }

  /** A piece of work was done over `open` sessions, while more waited. */
  done(now: number, open: number): void {
    if (open < this.wanted(now)) {
      this.#sample = { from: now, done: 0 };
      return;
    }
    this.#sample.done += 1;
    if (this.#sample.done >= Math.max(SAMPLE_MIN, STEP * open)) this.#judge(now, open);
  }

  /** Nothing was done for a while, and work waits: large files hold all sessions. */
  stuck(): void {
    this.#target = Math.min(this.#limit, this.#target + STEP);
  }

  #judge(now: number, open: number): void {
    const rate = this.#sample.done / Math.max(0, now - this.#sample.from);
    this.#sample = { from: now, done: 0 };
    if (this.#settledAt !== undefined) {
      if (now - this.#settledAt < MEASURED_AGAIN_MS) return;
      [this.#settledAt, this.#last] = [undefined, undefined];
    }
    const last = this.#last;
    if (last !== undefined && rate < last.rate * (1 + GAIN_MIN * (open / last.sessions - 1))) {
      this.#settledAt = now;
      return;
    }
    this.#last = { rate, sessions: open };
    this.#target = Math.min(this.#most, open + STEP);
  }
}
