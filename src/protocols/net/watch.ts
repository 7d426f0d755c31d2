// Deadlines that come one after the other, as those of a session do: one timer for all of them, set anew only when it rings too early.
import type { Clock, Timer } from '../../core/clock.ts';

export class Watch {
  readonly #clock: Clock;
  #timer: Timer | undefined;
  /** When the timer rings, and when it should have; by Clock.elapsed(). */
  #rings = 0;
  #due = 0;
  #expire: (() => void) | undefined;
  #stopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `expire` after `ms` unless it is cancelled before, which is done once. While another deadline runs, it gets a timer of its own. */
  begin(ms: number, expire: () => void): Timer {
    if (this.#expire !== undefined) return this.#clock.after(ms, expire);
    this.#start(ms, expire);
    return this.#deadline;
  }

  readonly #deadline: Timer = {
    cancel: () => {
      this.#expire = undefined;
      if (this.#stopped) this.stop();
    },
  };

  /** Calls `expire` when `work` takes longer than `ms`; settles as `work` does. */
  async over<T>(ms: number, expire: () => void, work: Promise<T>): Promise<T> {
    const deadline = this.begin(ms, expire);
    try {
      return await work;
    } finally {
      deadline.cancel();
    }
  }

  /** Nothing more will be watched; what is, still is: the data of a session may outlive it. */
  stop(): void {
    this.#stopped = true;
    if (this.#expire !== undefined) return;
    this.#timer?.cancel();
    this.#timer = undefined;
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
