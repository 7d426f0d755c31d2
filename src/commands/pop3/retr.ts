import { resolve } from 'node:path';
import { Args, Flags } from '@oclif/core';
import { withPop3 } from '../../app/pop3/mailbox.ts';
import { messageNumber } from '../../app/pop3/message-number.ts';
import { saveMessages } from '../../app/pop3/save-message.ts';
import { AppError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import { BaseCommand, TARGET_HELP, targetFlags } from '../base.ts';

export default class Pop3Retr extends BaseCommand {
  static override summary = 'Write a message of a POP3 mailbox to stdout, or several into files: their exact octets.';
  static override examples = [
    '<%= config.bin %> pop3 retr pop3s://invoices@pop.example.org 3 > invoice.eml',
    '<%= config.bin %> pop3 retr @inbox 1 2 7 --output ./mails',
  ];
  static override strict = false;
  static override args = {
    target: Args.string({ required: true, description: TARGET_HELP }),
    number: Args.string({ required: true, description: 'as `pop3 list` shows it; with --output, several may follow' }),
  };
  static override flags = {
    ...targetFlags,
    output: Flags.string({
      char: 'o',
      helpValue: 'DIR',
      description: 'a folder for NUMBER.eml, or - for stdout; files that are there are never replaced',
    }),
  };

  async run(): Promise<void> {
    const { args, argv, flags } = await this.parse(Pop3Retr);
    const output = flags.output === '-' ? undefined : flags.output;
    await this.oneOff(flags, one => {
      const numbers = (argv as string[]).slice(1).map(word => messageNumber(word));
      const [first = 0, ...more] = numbers;
      if (output === undefined && more.length > 0)
        throw new AppError('usage', 'several messages do not go to stdout', { hint: 'Name a folder with --output DIR.' });
      return withPop3(args.target, one, client => {
        if (output === undefined) return this.printBytes(client.retrieve(first));
        const saved = (path: string) => this.say(printable(path));
        return saveMessages(client, { numbers, folder: resolve(one.workspace.cwd, output), saved });
      });
    });
  }
}
