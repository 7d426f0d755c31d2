// Ctrl-C, SIGTERM and a closed terminal as an AbortSignal: the first asks everything to stop, the second ends the program at once.
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
  const handlers = [...SIGNALS, 'SIGHUP' as const].map(name => {
    const handler = () => {
      const now = elapsed();
      first ??= now;
      // A terminal that closes says so twice, itself and by its shell: that is no haste.
      if (!controller.signal.aborted)
        controller.abort(new CancelledError(`interrupted by ${name}`, { cause: new Interruption(name) }));
      else if (name !== 'SIGHUP' && now - first > SAME_KEYPRESS_MS)
        process.exit(name === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted);
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

export interface TwoSignals {
  /** The first SIGINT or SIGTERM. */
  readonly stop: AbortSignal;
  /** The second; a third ends the process at once. */
  readonly hurry: AbortSignal;
  /** What SIGHUP does. */
  readonly onReload: (reload: () => void) => void;
}

/** For a program that ends in order: each signal asks for more haste than the one before. */
export function twoSignals(elapsed: () => number): TwoSignals {
  const [stop, hurry] = [new AbortController(), new AbortController()];
  let last = { name: '', at: Number.NEGATIVE_INFINITY };
  for (const name of SIGNALS) {
    process.on(name, () => {
      const at = elapsed();
      if (name === last.name && at - last.at <= SAME_KEYPRESS_MS) return;
      last = { name, at };
      if (!stop.signal.aborted) stop.abort(new CancelledError(`ended by ${name}`));
      else if (!hurry.signal.aborted) hurry.abort(new CancelledError(`ended by ${name}`));
      else process.exit(name === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted);
    });
  }
  // Heard from the start, since its usual meaning is to end the program.
  let [act, wished] = [(): void => undefined, false];
  process.on('SIGHUP', () => {
    wished = true;
    act();
  });
  const onReload = (reload: () => void) => {
    act = reload;
    if (wished) reload();
  };
  return { stop: stop.signal, hurry: hurry.signal, onReload };
}
