// Ctrl-C and SIGTERM as an AbortSignal: the first asks everything to stop, the second ends the program at once.
import { EXIT } from '../app/exit-codes.ts';
import { Interruption } from '../app/interruption.ts';
import { CancelledError } from '../core/errors.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** One keypress can arrive twice: from the terminal and from a parent that passes it on. */
const SAME_KEYPRESS_MS = 150;

export interface Interruptible {
  readonly signal: AbortSignal;
  /** Gives Ctrl-C its usual meaning back. */
  release(): void;
}

export function interruptible(elapsed: () => number): Interruptible {
  const controller = new AbortController();
  let first: number | undefined;
  const handlers = SIGNALS.map(name => {
    const handler = () => {
      const now = elapsed();
      first ??= now;
      if (!controller.signal.aborted)
        controller.abort(new CancelledError(`interrupted by ${name}`, { cause: new Interruption(name) }));
      else if (now - first > SAME_KEYPRESS_MS) process.exit(name === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted);
    };
    process.on(name, handler);
    return { name, handler };
  });
  return {
    signal: controller.signal,
    release: () => {
      for (const { name, handler } of handlers) process.off(name, handler);
    },
  };
}
