// Every command of the FTP shell.
import { AppError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import { findCommand, helpCommand, type ShellCommand } from './command.ts';
import { insteadOfCommand } from './elsewhere.ts';
import { fileCommands } from './file-commands.ts';
import { folderCommands } from './folder-commands.ts';
import { sessionCommands } from './session-commands.ts';
import { settingCommands } from './setting-commands.ts';
import { transferCommands } from './transfer-commands.ts';

const help: ShellCommand = helpCommand(() => shellCommands);

const shellCommands: readonly ShellCommand[] = [
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
  const hint = insteadOfCommand(wanted);
  if (hint !== undefined) throw new AppError('usage', `there is no command "${printable(wanted)}"`, { hint });
  return findCommand(shellCommands, word);
}
