import { Args, Flags } from '@oclif/core';
import { removeRemote } from '../../app/ftp/edit.ts';
import { withFtp } from '../../app/ftp/session.ts';
import { printable } from '../../core/text.ts';
import { BaseCommand, TARGET_HELP, targetFlags } from '../base.ts';

export default class FtpRm extends BaseCommand {
  static override summary = 'Delete files on an FTP server; folders with --recursive.';
  static override examples = [
    '<%= config.bin %> ftp rm @web/www/old.html',
    "<%= config.bin %> ftp rm --recursive 'ftp://deploy@ftp.example.org/www/release-2025*'",
  ];
  static override args = { target: Args.string({ required: true, description: `${TARGET_HELP}; the path may hold * ? [] {}` }) };
  static override flags = {
    ...targetFlags,
    recursive: Flags.boolean({ char: 'r', description: 'folders with all that is in them' }),
    verbose: Flags.boolean({ char: 'v', description: 'name everything that is deleted' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(FtpRm);
    const done = (path: string) => (flags.verbose ? this.say(`deleted ${printable(path)}`) : undefined);
    await this.oneOff(flags, one =>
      withFtp(args.target, one, (client, path) => removeRemote(client, path, flags.recursive, done)),
    );
  }
}
