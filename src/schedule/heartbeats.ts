// Whose beat has fallen silent: a beat is a counter, and its silence is timed by this machine's steady clock, so that neither a clock step
// nor a machine that slept makes anybody look dead.
import type { Clock } from '../core/clock.ts';

interface Heard {
  readonly beat: number;
  /** On the steady clock. */
  readonly at: number;
}

export class Heartbeats {
  readonly #clock: Pick<Clock, 'elapsed'>;
  readonly #silenceMs: number;
  readonly #heard = new Map<string, Heard>();

  constructor(clock: Pick<Clock, 'elapsed'>, silenceMs: number) {
    this.#clock = clock;
    this.#silenceMs = silenceMs;
  }

  /** False once `beat` has been the same for so long; whoever is asked about for the first time lives. */
  lives(who: string, beat: number): boolean {
    const heard = this.#heard.get(who);
    if (heard?.beat === beat) return this.#clock.elapsed() - heard.at < this.#silenceMs;
    this.#heard.set(who, { beat, at: this.#clock.elapsed() });
    return true;
  }

  /** Forgets all others. */
  keep(all: ReadonlySet<string>): void {
    for (const who of this.#heard.keys()) if (!all.has(who)) this.#heard.delete(who);
  }
}

/** A run in the foreground beats this often, and is dead for other machines once it has been silent for so long. */
export const RUN_BEAT_MS = 10_000;
export const RUN_SILENCE_MS = 60_000;
/** The same of a scheduler, for a run in the foreground, which does not know its lease: it beats six times in one. */
export const SCHEDULER_SILENCE_MS = 120_000;
