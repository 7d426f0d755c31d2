import { Args } from '@oclif/core';
import { chmodRemote } from '../../app/ftp/edit.ts';
import { withFtp } from '../../app/ftp/session.ts';
import { BaseCommand, TARGET_HELP, targetFlags } from '../base.ts';

export default class FtpChmod extends BaseCommand {
  static override summary = 'Set the mode of files on an FTP server.';
  static override examples = [
    '<%= config.bin %> ftp chmod 644 @web/www/index.html',
    "<%= config.bin %> ftp chmod 755 'ftp://deploy@ftp.example.org/cgi-bin/*.cgi'",
  ];
  static override args = {
    mode: Args.string({ required: true, description: 'three or four octal digits' }),
    target: Args.string({ required: true, description: `${TARGET_HELP}; the path may hold * ? [] {}` }),
  };
  static override flags = targetFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(FtpChmod);
    await this.oneOff(flags, one =>
      withFtp(args.target, one, (client, path) => chmodRemote(client, args.mode, path, () => undefined)),
    );
  }
}
