// Every command of the FTP shell.
import { findCommand, helpLines, need, type ShellCommand } from './command.ts';
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
    for (const line of helpLines(words[0] === undefined ? shellCommands : [commandNamed(words[0])])) io.print(line);
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
  return findCommand(shellCommands, word);
}
