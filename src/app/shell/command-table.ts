// Every command of the FTP shell, and how a word finds its command: by name, by a beginning that fits one only.
import { didYouMean } from '../../core/diagnostic.ts';
import { AppError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import { need, type ShellCommand } from './command.ts';
import { fileCommands } from './file-commands.ts';
import { folderCommands } from './folder-commands.ts';
import { sessionCommands } from './session-commands.ts';
import { settingCommands } from './setting-commands.ts';
import { transferCommands } from './transfer-commands.ts';

const help: ShellCommand = {
  names: ['help', '?'],
  usage: 'help [COMMAND]',
  summary: 'this list, or what one command does',
  completes: ['command'],
  async run({ io }, words) {
    need(help, words, 0, 1);
    const shown = words[0] === undefined ? shellCommands : [commandNamed(words[0])];
    const width = Math.max(...shown.map(({ usage }) => usage.length));
    for (const { usage, summary, names } of shown) {
      const aliases = names.length > 1 ? ` (also ${names.slice(1).join(', ')})` : '';
      io.print(`${usage.padEnd(width)}  ${summary}${aliases}`);
    }
  },
};

export const shellCommands: readonly ShellCommand[] = [
  ...sessionCommands,
  ...folderCommands,
  ...transferCommands,
  ...fileCommands,
  ...settingCommands,
  help,
];

export const commandNames: readonly string[] = shellCommands.flatMap(({ names }) => names).sort();

/** Throws AppError `usage` for an unknown or ambiguous word. */
export function commandNamed(word: string): ShellCommand {
  const wanted = word.toLowerCase();
  const exact = shellCommands.find(({ names }) => names.includes(wanted));
  if (exact !== undefined) return exact;
  const matches = shellCommands.filter(({ names }) => names.some(name => name.startsWith(wanted)));
  const [only] = matches;
  if (only !== undefined && matches.length === 1) return only;
  if (matches.length > 1) {
    const names = matches.map(({ names: [name] }) => name).join(', ');
    throw new AppError('usage', `"${printable(word)}" may mean ${names}`, { hint: 'Write more letters of it.' });
  }
  const near = didYouMean(wanted, commandNames);
  throw new AppError('usage', `there is no command "${printable(word)}"`, {
    hint: `${near === undefined ? '' : `Did you mean ${near}? `}\`help\` lists them all.`,
  });
}
