// What a command of a shell is, how a word finds it (by name, or a beginning that fits one only), and how its words are checked.
import { didYouMean } from '../../core/diagnostic.ts';
import { AppError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import { insteadOfOption } from './elsewhere.ts';
import type { ShellIo, ShellSession } from './shell-session.ts';

export interface ShellCommand<Session = ShellSession> {
  /** The first is its name, the others are aliases. */
  readonly names: readonly string[];
  /** `get REMOTE [LOCAL]`. */
  readonly usage: string;
  readonly summary: string;
  /** What takes more words than it does. */
  readonly many?: string;
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
  command: Pick<ShellCommand, 'usage' | 'many'>,
  words: readonly string[],
  min: number,
  max = Number.POSITIVE_INFINITY,
): void {
  const option = words.find(isOption);
  if (option !== undefined) throw noOption(command, option);
  if (words.some((word, at) => /^[|>]/.test(word) && (at > 0 || word.length === 1))) throw noPipe();
  if (words.length >= min && words.length <= max) return;
  const many = words.length > max && command.many !== undefined ? `; for several files: ${command.many}` : '';
  const what = words.length < min ? 'something is missing' : `"${printable(words[max] ?? '')}" is one word too many`;
  throw new AppError('usage', what, { hint: `Write: ${command.usage}${many}` });
}

/** A name that begins with a dash is written ./-name. */
export function isOption(word: string): boolean {
  return /^-[a-z\d-]/i.test(word);
}

export function noOption({ usage }: Pick<ShellCommand, 'usage'>, option: string): AppError {
  const [name] = usage.split(' ');
  return new AppError('usage', `${name} has no option ${printable(option)}`, {
    hint: `${insteadOfOption(option)}Write: ${usage}; a name that begins with a dash as ./-name.`,
  });
}

function noPipe(): AppError {
  return new AppError('usage', 'there are no pipes here', {
    hint: 'Outside of this shell: `postrider ftp ls @name | less`, `postrider ftp cat @name/FILE | less`.',
  });
}

/** `on`, `off`, or the other of the two. */
export function toggled(word: string | undefined, now: boolean): boolean {
  if (word === undefined) return !now;
  if (word === 'on' || word === 'off') return word === 'on';
  // Not repeated: `pass` begins `passive`, and sends a password elsewhere.
  throw new AppError('usage', 'that is neither on nor off', { hint: 'Write on or off, or nothing to switch.' });
}
