import { Args, Flags } from '@oclif/core';
import { oneOff } from '../../app/oneoff/oneoff.ts';
import { shellInteractive, shellScript } from '../../app/shell/shell.ts';
import { AppError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import { BaseCommand, stateFlag, TARGET_HELP, targetFlags } from '../base.ts';
import { columns, transferLine } from '../terminal.ts';

export default class FtpShell extends BaseCommand {
  static override summary = 'An FTP client at the prompt, with the classic commands; or a script of them.';
  static override description =
    'On a terminal: history, Tab for commands and names, Ctrl-C ends a transfer and not the shell. Otherwise the commands are read from stdin or from -c; the first error ends the script, and the exit code says so.';
  static override examples = [
    '<%= config.bin %> ftp shell ftp://deploy@ftp.example.org/www',
    "<%= config.bin %> ftp shell @web -c 'cd www; put index.html; ls -l'",
  ];
  static override args = { target: Args.string({ description: TARGET_HELP }) };
  static override flags = {
    ...targetFlags,
    state: stateFlag,
    command: Flags.string({ char: 'c', helpValue: 'COMMANDS', description: 'run these, separated by ; or line ends' }),
    quiet: Flags.boolean({ char: 'q', description: 'show no progress' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(FtpShell);
    const say = (line: string) => this.say(printable(line));
    const io = {
      say,
      print: (line: string) => this.print(line),
      show: (bytes: AsyncIterable<Buffer>) => this.printBytes(bytes),
      write: (text: string) => void process.stderr.write(text),
      columns,
    };
    const request = {
      target: args.target,
      io: { ...io, progress: transferLine({ quiet: flags.quiet, transcript: flags.transcript }) },
    };
    if (flags.command === undefined && flags['password-stdin']) {
      throw new AppError('usage', 'stdin cannot hold the password and the commands', { hint: 'Give the commands with -c.' });
    }
    if (flags.command === undefined && process.stdin.isTTY && process.stderr.isTTY) {
      const one = oneOff(flags, { stdin: () => process.stdin, stderr: process.stderr, signal: new AbortController().signal });
      return shellInteractive({ ...request, one }, { input: process.stdin, output: process.stderr });
    }
    await this.oneOff(flags, one => shellScript({ ...request, one }, flags.command ?? process.stdin));
  }
}
