// Time that only the test moves.
import { type Clock, cancelled, type Timer } from '../../src/core/clock.ts';

/** Work may still have some turns of the event loop to go when no alarm is set. */
const IDLE_ROUNDS_MAX = 100;

interface Alarm {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

export class VirtualClock implements Clock {
  #now: number;
  readonly #start: number;
  #alarms: Alarm[] = [];
  #order = 0;
  #stepped = 0;

  constructor(start = Date.UTC(2026, 10, 22, 2, 30)) {
    this.#now = start;
    this.#start = start;
  }

  now(): number {
    return this.#now + this.#stepped;
  }

  /** Somebody sets the clock: the hour jumps, durations do not. */
  step(ms: number): void {
    this.#stepped += ms;
  }

  elapsed(): number {
    return this.#now - this.#start;
  }

  after(ms: number, fire: () => void): Timer {
    const alarm = { at: this.#now + Math.max(0, ms), order: this.#order++, fire };
    this.#alarms.push(alarm);
    const cancel = () => {
      this.#alarms = this.#alarms.filter(other => other !== alarm);
    };
    return { cancel };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(cancelled(signal));
      const abort = () => {
        timer.cancel();
        reject(cancelled(signal as AbortSignal));
      };
      const timer = this.after(ms, () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Alarms that have not rung. */
  get pending(): number {
    return this.#alarms.length;
  }

  /** Moves time on, ringing every alarm at its moment and letting its consequences happen before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#alarms = this.#alarms.filter(alarm => alarm !== next);
      this.#now = next.at;
      next.fire();
      await settled();
    }
    this.#now = end;
  }

  /** Moves time on, from alarm to alarm, until `work` is done. */
  async until<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const mark = () => {
      done = true;
    };
    work.then(mark, mark);
    for (let [round, idle] = [0, 0]; round < 100_000; round++) {
      await settled();
      if (done) return work;
      const next = this.#next(Number.POSITIVE_INFINITY);
      idle = next === undefined ? idle + 1 : 0;
      if (idle > IDLE_ROUNDS_MAX) throw new Error('nothing left that could end the work');
      if (next !== undefined) await this.advance(next.at - this.#now);
    }
    throw new Error('the work does not end');
  }

  #next(end: number): Alarm | undefined {
    return this.#alarms.filter(alarm => alarm.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0];
  }
}

/** Lets everything happen that waits for no time. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise(resolve => setImmediate(resolve));
}
