// `postrider help`: oclif's own for commands, and our topics beside them.
import { type Command, CommandHelp, Help, type Interfaces } from '@oclif/core';
import { EXIT } from '../../app/exit-codes.ts';
import { foldFor } from '../../progress/width.ts';
import { HELP_TOPICS, topicText } from './help-topics.ts';
import { unknownCommand } from './usage-error.ts';

/** Below it oclif folds as if a terminal had so many columns. */
const OCLIF_COLUMNS_MIN = 40;
/** There is nothing to be read in fewer. */
const COLUMNS_MIN = 20;
/** In fewer oclif breaks a usage in the middle of what it has yet to put in. */
const USAGE_COLUMNS_MIN = 32;

export default class PostriderHelp extends Help {
  constructor(config: Interfaces.Config, options: Partial<Interfaces.HelpOptions> = {}) {
    const { columns = 0 } = process.stdout;
    const isNarrow = columns > 0 && columns < OCLIF_COLUMNS_MIN;
    super(config, isNarrow ? { ...options, maxWidth: Math.max(columns, COLUMNS_MIN) } : options);
  }

  protected override getCommandHelpClass(command: Command.Loadable): CommandHelp {
    return new CommandHelp(command, this.config, { ...this.opts, maxWidth: Math.max(this.opts.maxWidth, USAGE_COLUMNS_MIN) });
  }

  /** What oclif, or a text of ours, does not fold. */
  protected override log(...texts: string[]): void {
    super.log(...texts.map(text => foldFor(process.stdout, text)));
  }

  override async showHelp(argv: string[]): Promise<void> {
    const words = argv.filter(word => !word.startsWith('-'));
    const [first = ''] = words;
    const text = words.length === 1 ? topicText(first) : undefined;
    if (text !== undefined) return this.log(text);
    const id = words.join(':');
    if (words.length > 0 && !this.#knows(words)) {
      const names = [...this.config.commands.map(command => command.id.replaceAll(':', ' ')), ...Object.keys(HELP_TOPICS)];
      const { message, hint } = unknownCommand(id, names);
      process.stderr.write(`postrider: ${message}\n  ${hint?.replace('postrider ', 'postrider help ')}\n`);
      process.exitCode = EXIT.usage;
      return;
    }
    const command = words.findLastIndex((_, last) => this.#isCommand(words.slice(0, last + 1)));
    await super.showHelp(
      command === -1 ? argv : [words.slice(0, command + 1).join(':'), ...argv.filter(word => word.startsWith('-'))],
    );
  }

  protected override async showRootHelp(): Promise<void> {
    await super.showRootHelp();
    const width = Math.max(...Object.keys(HELP_TOPICS).map(name => name.length));
    const lines = Object.entries(HELP_TOPICS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
    this.log(`MORE HELP (postrider help TOPIC)\n${lines.join('\n')}\n`);
  }

  /** A command, a topic, or a command with more words behind it. */
  #knows(words: readonly string[]): boolean {
    return (
      words.some((_, last) => this.#isCommand(words.slice(0, last + 1))) || this.config.findTopic(words.join(':')) !== undefined
    );
  }

  #isCommand(words: readonly string[]): boolean {
    return this.config.findCommand(words.join(':')) !== undefined;
  }
}
