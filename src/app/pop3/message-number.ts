// A message number as a person types it.
import { AppError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';

/** Throws AppError `usage`. */
export function messageNumber(word: string, least = 1): number {
  const number = /^\d{1,10}$/.test(word) ? Number(word) : Number.NaN;
  if (number >= least) return number;
  throw new AppError('usage', `"${printable(word)}" is not a number of a message`, { hint: 'A list of the mailbox shows them.' });
}
