// What a command of a shell is, how a word finds it (by name, or a beginning that fits one only), and how its words are checked.
import { didYouMean } from '../../core/diagnostic.ts';
import { AppError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import type { ShellIo, ShellSession } from './shell-session.ts';

export interface ShellCommand<Session = ShellSession> {
  /** The first is its name, the others are aliases. */
  readonly names: readonly string[];
  /** `get REMOTE [LOCAL]`. */
  readonly usage: string;
  readonly summary: string;
  /** What its words name, for completion; the last counts for all further ones. */
  readonly completes?: readonly ('remote' | 'local' | 'command')[];
  run(shell: Session, words: readonly string[]): Promise<void>;
}

/** Throws AppError `usage` for an unknown or ambiguous word. */
export function findCommand<Session>(commands: readonly ShellCommand<Session>[], word: string): ShellCommand<Session> {
  const wanted = word.toLowerCase();
  const exact = commands.find(({ names }) => names.includes(wanted));
  if (exact !== undefined) return exact;
  const matches = commands.filter(({ names }) => names.some(name => name.startsWith(wanted)));
  const [only] = matches;
  if (only !== undefined && matches.length === 1) return only;
  if (matches.length > 1) {
    const names = matches.map(({ names: [name] }) => name).join(', ');
    throw new AppError('usage', `"${printable(word)}" may mean ${names}`, { hint: 'Write more letters of it.' });
  }
  const near = didYouMean(
    wanted,
    commands.flatMap(({ names }) => names),
  );
  throw new AppError('usage', `there is no command "${printable(word)}"`, {
    hint: `${near === undefined ? '' : `Did you mean ${near}? `}\`help\` lists them all.`,
  });
}

/** `help`, of all the commands of a shell, itself among them. */
export function helpCommand<Session extends { readonly io: Pick<ShellIo, 'print'> }>(
  all: () => readonly ShellCommand<Session>[],
): ShellCommand<Session> {
  const help: ShellCommand<Session> = {
    names: ['help', '?'],
    usage: 'help [COMMAND]',
    summary: 'this list, or what one command does',
    completes: ['command'],
    async run({ io }, words) {
      need(help, words, 0, 1);
      const [word] = words;
      for (const line of helpLines(word === undefined ? all() : [findCommand(all(), word)])) io.print(line);
    },
  };
  return help;
}

/** A line for each: usage, summary, aliases. */
function helpLines(commands: readonly Pick<ShellCommand, 'usage' | 'summary' | 'names'>[]): readonly string[] {
  const width = Math.max(...commands.map(({ usage }) => usage.length));
  return commands.map(({ usage, summary, names }) => {
    const aliases = names.length > 1 ? ` (also ${names.slice(1).join(', ')})` : '';
    return `${usage.padEnd(width)}  ${summary}${aliases}`;
  });
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
