// Waits for work that was told to stop, but not for ever.
import { type Clock, cancelled } from '../core/clock.ts';

/** Ctrl-C ends within two seconds, whatever a step does. */
export const INTERRUPT_GRACE_MS = 1_500;
/** After a timeout there is time to end a transfer properly and to remove what is half done. */
export const TIMEOUT_GRACE_MS = 10_000;

export interface GraceOptions {
  readonly clock: Clock;
  /** Told to stop, for whatever reason. */
  readonly signal: AbortSignal;
  /** Told to stop by a person: the shorter grace. */
  readonly interrupt: AbortSignal;
  /** Called with the grace that passed in vain, before the promise rejects with the signal's reason. */
  readonly onAbandon: (graceMs: number) => void;
}

/** The result of `work`; after an abort and the grace, the work is left behind and whatever becomes of it is ignored. */
export function withGrace<T>(work: Promise<T>, { clock, signal, interrupt, onAbandon }: GraceOptions): Promise<T> {
  return new Promise((resolve, reject) => {
    const over = new AbortController();
    const wait = (graceMs: number) =>
      clock.sleep(graceMs, over.signal).then(
        () => {
          over.abort();
          onAbandon(graceMs);
          reject(cancelled(signal));
        },
        () => undefined,
      );
    whenAborted(signal, over.signal, () => wait(TIMEOUT_GRACE_MS));
    whenAborted(interrupt, over.signal, () => wait(INTERRUPT_GRACE_MS));
    work.then(resolve, reject).finally(() => over.abort());
  });
}

function whenAborted(signal: AbortSignal, over: AbortSignal, act: () => void): void {
  if (signal.aborted) act();
  else signal.addEventListener('abort', act, { once: true, signal: over });
}
