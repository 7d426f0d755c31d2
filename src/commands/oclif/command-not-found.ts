// oclif's hook for a command that does not exist.
import type { Hook } from '@oclif/core';
import { EXIT } from '../../app/exit-codes.ts';
import { unknownCommand } from './usage-error.ts';

const hook: Hook.CommandNotFound = async ({ id, config }) => {
  const names = [...config.commands.filter(({ hidden }) => hidden !== true).map(command => command.id.replaceAll(':', ' '))];
  const { message, hint } = unknownCommand(id, names);
  process.stderr.write(`postrider: ${message}\n  ${hint}\n`);
  process.exitCode = EXIT.usage;
};

export default hook;
