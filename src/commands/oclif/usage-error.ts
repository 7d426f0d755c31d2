// What oclif says of a command line that it cannot read → our words: what is wrong, and what to write instead.
import { AppError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import { commandMeant, insteadOfFlag } from './elsewhere.ts';

export interface UsedCommand {
  /** `ftp ls`. */
  readonly name: string;
  /** Long names, without dashes. */
  readonly flags: readonly string[];
}

interface ParseError extends Error {
  readonly args?: readonly (string | { readonly name: string })[];
  readonly flags?: readonly string[];
}

export function usageError(error: ParseError, { name, flags }: UsedCommand): AppError {
  const see = `\`postrider ${name} --help\` shows how it is written.`;
  const said = (message: string, advice?: string) =>
    new AppError('usage', message, { hint: advice === undefined ? see : `${advice} ${see}`, cause: error });
  switch (error.constructor.name) {
    case 'NonExistentFlagsError': {
      const flag = withoutValue(error.flags?.[0] ?? '');
      return said(`\`${name}\` has no flag ${printable(flag)}`, insteadOfFlag(flag, flags));
    }
    case 'RequiredArgsError': {
      const missing = (error.args ?? []).map(arg => (typeof arg === 'string' ? arg : arg.name).toUpperCase());
      return said(`${missing.join(' and ')} ${isOrAre(missing)} missing`);
    }
    case 'UnexpectedArgsError':
      if (name === 'secret set') return valueAsArgument(error);
      return said(
        `"${printable(String(error.args?.[0] ?? ''))}" is one word too many`,
        flags.includes('cc') ? RECIPIENTS : undefined,
      );
    case 'CLIError': {
      const flag = /^Flag (--[\w-]+) expects a value$/.exec(plain(error.message))?.[1];
      return said(flag === undefined ? plain(error.message) : `${flag} needs a value`);
    }
    default: {
      const missing = [...error.message.matchAll(/^\s*Missing required flag (\S+)/gm)].map(([, flag]) => `--${flag}`);
      return said(missing.length === 0 ? plain(error.message) : `${missing.join(' and ')} ${isOrAre(missing)} missing`);
    }
  }
}

const RECIPIENTS = 'Write --to before each recipient.';

/** `--password=…` and `-u…` are not repeated: they may be one. */
function withoutValue(flag: string): string {
  return flag.startsWith('--') ? flag.replace(/=.*/s, '') : flag.slice(0, 2);
}

/** It is not repeated: it may be a password. */
function valueAsArgument(cause: Error): AppError {
  const hint =
    'Leave it out and be asked, or pipe it in. What you wrote stands in your shell’s history now: delete it there, or choose another value.';
  return new AppError('usage', 'the value of a secret is never an argument', { hint, cause });
}

/** Throws nothing and returns it: no such command, with the nearest that there is. */
export function unknownCommand(id: string, commands: readonly string[]): AppError {
  const name = printable(id.replaceAll(':', ' '));
  const words = name.split(' ');
  const [first = '', ...rest] = words;
  const known = words.findLastIndex((_, last) => commands.includes(words.slice(0, last + 1).join(' '))) + 1;
  if (known > 0) {
    const hint = `\`postrider ${words.slice(0, known).join(' ')} --help\` shows how it is written.`;
    return new AppError('usage', `"${words[known]}" is one word too many`, { hint });
  }
  if (first.startsWith('-')) {
    return new AppError('usage', `there is no flag ${first} before a command`, {
      hint: 'Write the command first: `postrider run JOB --quiet`.',
    });
  }
  const two = words.slice(0, 2).join(' ');
  const near = commandMeant(two, commands);
  const inTopic = rest.length > 0 && commands.some(command => command.startsWith(`${first} `));
  const see = inTopic ? `\`postrider ${first} --help\` lists what there is.` : '`postrider --help` lists all commands.';
  return new AppError('usage', `there is no command \`${inTopic ? two : first}\``, {
    hint: near === undefined ? see : `Did you mean \`postrider ${near}\`? ${see}`,
  });
}

function isOrAre({ length }: readonly string[]): string {
  return length === 1 ? 'is' : 'are';
}

/** oclif's text on one line, without colours and its reference to --help. */
function plain(message: string): string {
  const text = message.replace(/\u001b\[[0-9;]*m/g, '').replace(/\s*See more help with --help\s*$/, '');
  return printable(
    text
      .replace(/^The following errors? occurred:\s*/, '')
      .replace(/^Parsing (--[\w-]+)\s*\n\s*/, '$1: ')
      .replace(/\s*\n\s*/g, '; '),
  );
}
