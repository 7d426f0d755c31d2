// Checks of our own invariants; what the world can get wrong is an AppError instead.
import { MisuseError } from './errors.ts';

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new MisuseError(message);
}

/** Ends an exhaustive switch: adding a case elsewhere breaks the build here. */
export function unreachable(value: never): never {
  throw new MisuseError(`unreachable: ${JSON.stringify(value)}`);
}
