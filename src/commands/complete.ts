import { type Command, Flags } from '@oclif/core';
import { completionOf } from '../app/completion/complete.ts';
import type { KnownCommand } from '../app/completion/grammar.ts';
import { wordsOf } from '../app/completion/line.ts';
import { workspace } from '../app/workspace.ts';
import { printable } from '../core/text.ts';
import { BaseCommand } from './base.ts';
import { HELP_TOPICS } from './oclif/help-topics.ts';

/** Asked by the scripts of `completion`: a candidate a line, behind a tab what it is; `:files` or `:folders` where paths may stand, too. */
export default class Complete extends BaseCommand {
  static override hidden = true;
  static override summary = 'Candidates for the last word of a command line; asked by the scripts of `completion`.';
  static override flags = { line: Flags.string({ required: true, description: 'what was typed, up to the cursor' }) };

  async run(): Promise<void> {
    const { flags } = await this.parse(Complete);
    const [, ...words] = wordsOf(flags.line);
    const commands = this.config.commands.filter(({ hidden }) => hidden !== true).map(known);
    const topics = Object.entries(HELP_TOPICS).map(([value, { summary }]) => ({ value, summary }));
    const placeFor = ({ jobs, state }: Readonly<Record<string, string>>) => workspace({ jobs, state });
    const { candidates, paths } = await completionOf(words, commands, { placeFor, topics });
    for (const { value, summary } of candidates) this.print(`${value}\t${printable(summary)}`);
    if (paths !== undefined) this.print(`:${paths}`);
  }
}

function known({ id, summary = '', args, flags, strict }: Command.Loadable): KnownCommand {
  return {
    id,
    summary,
    args: Object.values(args).map(({ name, options = [] }) => ({ name, options })),
    variadic: strict === false,
    flags: Object.values(flags).map(flag => ({
      ...{ name: flag.name, char: flag.char, summary: flag.description ?? '' },
      takesValue: flag.type === 'option',
      multiple: flag.type === 'option' && flag.multiple === true,
      options: flag.type === 'option' ? (flag.options ?? []) : [],
    })),
  };
}
