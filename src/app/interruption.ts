// Why a command was ended by hand: Ctrl-C or SIGTERM, as the cause of an aborted signal's reason.

/** The signal that a command passes as the reason of its abort. */
export class Interruption extends Error {
  readonly signal: 'SIGINT' | 'SIGTERM';

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }
}

/** What the person who ended it did; undefined when it was ended otherwise, or not at all. */
export function interruptedBy(signal: AbortSignal): 'SIGINT' | 'SIGTERM' | undefined {
  return signal.aborted && signal.reason instanceof Error && signal.reason.cause instanceof Interruption
    ? signal.reason.cause.signal
    : undefined;
}
