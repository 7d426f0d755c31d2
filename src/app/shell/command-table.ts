// Every command of the FTP shell.
import { AppError } from '../../core/errors.ts';
import { findCommand, helpCommand, type ShellCommand } from './command.ts';
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

/** What users of other clients type, and where it is here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  mirror: '`postrider ftp mirror` does that, outside of this shell.',
  du: '`postrider ftp du` does that, outside of this shell.',
  cat: 'Write: get FILE -',
  more: 'Write: get FILE -',
  less: 'Write: get FILE -',
  user: 'Write: close, and then: open ftp://user@host/',
};

/** Throws AppError `usage` for an unknown or ambiguous word. */
export function commandNamed(word: string): ShellCommand {
  const wanted = word.toLowerCase();
  if (Object.hasOwn(ELSEWHERE, wanted)) {
    throw new AppError('usage', `there is no command "${wanted}"`, { hint: ELSEWHERE[wanted] ?? '' });
  }
  return findCommand(shellCommands, word);
}
