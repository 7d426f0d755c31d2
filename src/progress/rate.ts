// How fast something grows lately, and how long the rest takes at that pace. Pure: times are handed in.

/** The rate is that of the last seconds: it follows a changing line, but does not flicker. */
export const RATE_WINDOW_MS = 10_000;
const SAMPLES_MAX = 128;
/** Over a shorter time a rate is only noise. */
const SPAN_MS_MIN = 500;

interface Sample {
  readonly at: number;
  readonly value: number;
}

export class SlidingRate {
  #samples: readonly Sample[] = [];

  /** A value that shrinks (a new attempt begins again) starts afresh. */
  add(at: number, value: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && (value < last.value || at < last.at)) this.#samples = [];
    const recent = this.#samples.filter((sample, i) => sample.at >= at - RATE_WINDOW_MS || i === this.#samples.length - 1);
    this.#samples = [...recent, { at, value }].slice(-SAMPLES_MAX);
  }

  /** Per second; undefined until there is enough to go by. A growth that has stopped lets it sink towards zero. */
  perSecond(now: number): number | undefined {
    const first = this.#samples.find(sample => sample.at >= now - RATE_WINDOW_MS) ?? this.#samples.at(-1);
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined) return undefined;
    const span = Math.max(now, last.at) - first.at;
    return span < SPAN_MS_MIN ? undefined : ((last.value - first.value) * 1_000) / span;
  }
}

/** Milliseconds; undefined when the pace is unknown or nothing moves. */
export function timeLeft(remaining: number, perSecond: number | undefined): number | undefined {
  if (perSecond === undefined || perSecond <= 0) return undefined;
  return (Math.max(0, remaining) * 1_000) / perSecond;
}

/** Whole seconds and no decimals, which would only flicker: `12s`, `3m 05s`, `2h 10m`. */
export function formatTimeLeft(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (h >= 100) return '> 99h';
  if (h > 0) return `${h}h ${String(m).padStart(2, '0')}m`;
  return m > 0 ? `${m}m ${String(s).padStart(2, '0')}s` : `${s}s`;
}
