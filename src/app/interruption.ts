// Why a command was ended by hand: Ctrl-C, SIGTERM, or a terminal that was closed, as the cause of an aborted signal's reason.

export type EndSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** The signal that a command passes as the reason of its abort. */
export class Interruption extends Error {
  readonly signal: EndSignal;

  constructor(signal: EndSignal) {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }
}

/** What the person who ended it did; undefined when it was ended otherwise, or not at all. */
export function interruptedBy(signal: AbortSignal): EndSignal | undefined {
  return signal.aborted && signal.reason instanceof Error && signal.reason.cause instanceof Interruption
    ? signal.reason.cause.signal
    : undefined;
}
