import { Args, Flags } from '@oclif/core';
import { oneOff } from '../../app/oneoff/oneoff.ts';
import { pop3Interactive, pop3Script } from '../../app/pop3/shell.ts';
import { AppError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import { BaseCommand, stateFlag, TARGET_HELP, targetFlags } from '../base.ts';
import { columns } from '../terminal.ts';

export default class Pop3Shell extends BaseCommand {
  static override summary = 'A POP3 client at the prompt: stat, list, retr, top, uidl, dele, rset, quit; or a script of them.';
  static override description =
    'On a terminal: history, Tab for commands, Ctrl-C ends a transfer and not the shell; Ctrl-D and `abort` delete nothing. Otherwise the commands are read from stdin or from -c; the first error ends the script, deletes nothing, and the exit code says so.';
  static override examples = [
    '<%= config.bin %> pop3 shell pop3s://invoices@pop.example.org',
    "<%= config.bin %> pop3 shell @inbox -c 'list; retr 1 first.eml; quit'",
  ];
  static override args = { target: Args.string({ required: true, description: TARGET_HELP }) };
  static override flags = {
    ...targetFlags,
    state: stateFlag,
    command: Flags.string({ char: 'c', helpValue: 'COMMANDS', description: 'run these, separated by ; or line ends' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Pop3Shell);
    const io = {
      columns: () => (process.stdout.isTTY ? columns() : undefined),
      say: (line: string) => this.say(printable(line)),
      print: (line: string) => this.print(line),
      show: (bytes: AsyncIterable<Buffer>) => this.printBytes(bytes),
    };
    if (flags.command === undefined && flags['password-stdin']) {
      throw new AppError('usage', 'stdin cannot hold the password and the commands', { hint: 'Give the commands with -c.' });
    }
    if (flags.command === undefined && process.stdin.isTTY && process.stderr.isTTY) {
      const one = oneOff(flags, { stdin: () => process.stdin, stderr: process.stderr, signal: new AbortController().signal });
      return pop3Interactive({ ...args, one, io }, { input: process.stdin, output: process.stderr });
    }
    await this.oneOff(flags, one => pop3Script({ ...args, one, io }, flags.command ?? process.stdin));
  }
}
