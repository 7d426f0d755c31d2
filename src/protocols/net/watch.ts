// Deadlines that come one after the other, as those of a session do: one timer for all of them, set anew only when it rings too early.
import type { Clock, Timer } from '../../core/clock.ts';

export class Watch {
  readonly #clock: Clock;
  #timer: Timer | undefined;
  /** When the timer rings, and when it should have; by Clock.elapsed(). */
  #rings = 0;
  #due = 0;
  #expire: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `expire` when `work` takes longer than `ms`; settles as `work` does. While another deadline runs, it gets a timer of its own. */
  async over<T>(ms: number, expire: () => void, work: Promise<T>): Promise<T> {
    if (this.#expire !== undefined) return this.#beside(ms, expire, work);
    this.#start(ms, expire);
    try {
      return await work;
    } finally {
      this.#expire = undefined;
    }
  }

  /** Nothing will be watched any more. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  async #beside<T>(ms: number, expire: () => void, work: Promise<T>): Promise<T> {
    const timer = this.#clock.after(ms, expire);
    try {
      return await work;
    } finally {
      timer.cancel();
    }
  }

  #start(ms: number, expire: () => void): void {
    this.#expire = expire;
    this.#due = this.#clock.elapsed() + ms;
    if (this.#timer !== undefined && this.#rings <= this.#due) return;
    this.#timer?.cancel();
    this.#set(ms);
  }

  #set(ms: number): void {
    this.#rings = this.#clock.elapsed() + ms;
    this.#timer = this.#clock.after(ms, this.#ring);
  }

  readonly #ring = () => {
    this.#timer = undefined;
    if (this.#expire === undefined) return;
    const left = this.#due - this.#clock.elapsed();
    if (left > 0) this.#set(left);
    else this.#expire();
  };
}
