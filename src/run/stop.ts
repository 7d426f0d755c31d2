// Why a run stops early: a person (at once, nothing more starts) or its own timeout (running steps end, `always()` steps still get their turn).
import { type Clock, cancelled, type Timer } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { formatDuration } from '../core/units.ts';

/** After the job's timeout, reports and clean-up have this long in all. */
const AFTERMATH_MS_MAX = 300_000;

export class RunStop {
  readonly #clock: Clock;
  readonly #person = new AbortController();
  readonly #timeout = new AbortController();
  readonly #aftermath = new AbortController();
  readonly #timers: Timer[] = [];
  readonly #unhook: () => void;

  constructor(clock: Clock, interrupt: AbortSignal, timeoutMs: number | undefined) {
    this.#clock = clock;
    const abort = () => this.#person.abort(cancelled(interrupt));
    if (interrupt.aborted) abort();
    interrupt.addEventListener('abort', abort, { once: true });
    this.#unhook = () => interrupt.removeEventListener('abort', abort);
    if (timeoutMs !== undefined) this.#timers.push(startTimer(clock, timeoutMs, () => this.#timeOut(timeoutMs)));
  }

  /** A person's wish; its reason is always an error of ours. */
  get interrupt(): AbortSignal {
    return this.#person.signal;
  }

  get interrupted(): boolean {
    return this.#person.signal.aborted;
  }

  get timedOut(): boolean {
    return this.#timeout.signal.aborted;
  }

  /** What a step that starts now must obey. */
  signal(): AbortSignal {
    const time = this.timedOut ? this.#aftermath : this.#timeout;
    return AbortSignal.any([this.#person.signal, time.signal]);
  }

  close(): void {
    this.#unhook();
    for (const timer of this.#timers) timer.cancel();
  }

  #timeOut(timeoutMs: number): void {
    this.#timeout.abort(runTimedOut(timeoutMs));
    this.#timers.push(startTimer(this.#clock, AFTERMATH_MS_MAX, () => this.#aftermath.abort(runTimedOut(timeoutMs))));
  }
}

/** Unlike Clock.after, keeps the process alive: a deadline must come even when nothing else is left to happen. */
export function startTimer(clock: Clock, ms: number, fire: () => void): Timer {
  const stop = new AbortController();
  clock.sleep(ms, stop.signal).then(fire, () => undefined);
  return { cancel: () => stop.abort() };
}

function runTimedOut(timeoutMs: number): AppError {
  return new AppError('run-timed-out', `the job took longer than its timeout of ${formatDuration(timeoutMs)}`, {
    hint: 'Raise `timeout` of the job, or look at which step took the time.',
  });
}
