// The only source of time: everything that waits or asks the hour is handed a Clock, so tests own both.
import { CancelledError } from './errors.ts';

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the epoch; may jump. */
  now(): number;
  /** Milliseconds from an arbitrary start; never goes back. For durations and rates. */
  elapsed(): number;
  /** Calls `fire` once after `ms`; a timer alone does not keep the process alive. */
  after(ms: number, fire: () => void): Timer;
  /** Resolves after `ms`; rejects with CancelledError as soon as `signal` aborts. Keeps the process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** setTimeout takes a signed 32-bit number of milliseconds; longer waits are cut into pieces. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  // As performance.now(), without all that comes along with it.
  elapsed() {
    return Number(process.hrtime.bigint()) / 1e6;
  },
  after(ms, fire) {
    const timer = setTimeout(fire, Math.min(ms, TIMER_MS_MAX));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  async sleep(ms, signal) {
    for (let left = ms; ; left -= TIMER_MS_MAX) {
      await pause(Math.min(Math.max(left, 0), TIMER_MS_MAX), signal);
      if (left <= TIMER_MS_MAX) return;
    }
  },
};

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(cancelled(signal));
    const abort = () => {
      clearTimeout(timer);
      if (signal !== undefined) reject(cancelled(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/** The reason of an aborted signal as an error of ours. */
export function cancelled(signal: AbortSignal): Error {
  return signal.reason instanceof CancelledError || isAppError(signal.reason) ? signal.reason : new CancelledError();
}

function isAppError(reason: unknown): reason is Error {
  return reason instanceof Error && 'code' in reason && 'retry' in reason;
}

/** Resolves when the event loop has turned once: no time passes, but what the network has to say is heard. */
export function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}
