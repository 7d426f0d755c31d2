import { Args, Flags, loadHelpClass } from '@oclif/core';
import { BaseCommand } from './base.ts';

export default class Help extends BaseCommand {
  static override summary = 'Say what a command does, or more about a topic.';
  static override examples = ['<%= config.bin %> help ftp mirror', '<%= config.bin %> help exit-codes'];
  static override strict = false;
  static override args = { command: Args.string({ description: 'a command, or a topic' }) };
  static override flags = {
    'nested-commands': Flags.boolean({ char: 'n', description: 'list the commands below each other one, too' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Help);
    const Class = await loadHelpClass(this.config);
    await new Class(this.config, { all: flags['nested-commands'] }).showHelp(argv as string[]);
  }
}
