// What a command of the shell is, and how its words are checked.
import { AppError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import type { ShellSession } from './shell-session.ts';

export interface ShellCommand {
  /** The first is its name, the others are aliases. */
  readonly names: readonly string[];
  /** `get REMOTE [LOCAL]`. */
  readonly usage: string;
  readonly summary: string;
  /** What its words name, for completion; the last counts for all further ones. */
  readonly completes?: readonly ('remote' | 'local' | 'command')[];
  run(shell: ShellSession, words: readonly string[]): Promise<void>;
}

/** Throws AppError `usage` unless there are so many words. */
export function need(
  command: Pick<ShellCommand, 'usage'>,
  words: readonly string[],
  min: number,
  max = Number.POSITIVE_INFINITY,
): void {
  if (words.length >= min && words.length <= max) return;
  const what = words.length < min ? 'something is missing' : `"${printable(words[max] ?? '')}" is one word too many`;
  throw new AppError('usage', what, { hint: `Write: ${command.usage}` });
}

/** `on`, `off`, or the other of the two. */
export function toggled(word: string | undefined, now: boolean): boolean {
  if (word === undefined) return !now;
  if (word === 'on' || word === 'off') return word === 'on';
  throw new AppError('usage', `${printable(word)} is neither on nor off`, { hint: 'Write on or off, or nothing to switch.' });
}
