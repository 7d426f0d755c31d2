import { Args, Flags } from '@oclif/core';
import { getFiles } from '../../app/ftp/get.ts';
import { catRemote } from '../../app/ftp/list.ts';
import { withFtp } from '../../app/ftp/session.ts';
import { BaseCommand, jsonFlag, TARGET_HELP, targetFlags } from '../base.ts';
import { transferLine } from '../terminal.ts';

export default class FtpGet extends BaseCommand {
  static override summary = 'Fetch files from an FTP server.';
  static override description =
    'Each file gets its name only when it is whole; an interrupted one is continued by the same command. LOCAL is a folder, a name, or - for stdout.';
  static override examples = [
    '<%= config.bin %> ftp get ftp://deploy@ftp.example.org/logs/access.log',
    "<%= config.bin %> ftp get '@web/logs/2026-*.gz' ./logs",
  ];
  static override args = {
    target: Args.string({ required: true, description: `${TARGET_HELP}; the path may hold * ? [] {}` }),
    local: Args.string({ description: 'a folder, a file name, or - for stdout; default: the current folder' }),
  };
  static override flags = {
    ...targetFlags,
    recursive: Flags.boolean({ char: 'r', description: 'folders with all that is in them' }),
    quiet: Flags.boolean({ char: 'q', description: 'show no progress' }),
    json: jsonFlag,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(FtpGet);
    const fetched = await this.oneOff(flags, one =>
      withFtp(args.target, one, async (client, pattern) => {
        if (args.local === '-') return this.printBytes(catRemote(client, pattern));
        const { signal, workspace, say } = one;
        const progress = transferLine(flags);
        return getFiles(client, {
          pattern,
          local: args.local,
          cwd: workspace.cwd,
          recursive: flags.recursive,
          progress,
          signal,
          say,
        });
      }),
    );
    if (flags.json && fetched !== undefined) this.printJson({ files: fetched });
  }
}
