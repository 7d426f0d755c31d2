// How a connection ends, in words.
import { BrokenSessionError, CancelledError } from '../../core/errors.ts';

/** One for all: every transfer ends with a close that nobody asks about, and a stack trace costs as much as a system call. */
export const CLOSED_HERE = new CancelledError('the connection was closed here');

/** `connection-cut`: worth a new connection. */
export function connectionCut(cause?: Error): BrokenSessionError {
  const why = cause === undefined ? '' : ` (${(cause as NodeJS.ErrnoException).code ?? cause.message})`;
  return new BrokenSessionError('connection-cut', `the connection was cut${why}`, {
    cause,
    hint: 'The network or the server dropped it; trying again usually helps.',
  });
}
