import { Args, Flags } from '@oclif/core';
import { makeFolder } from '../../app/ftp/edit.ts';
import { withFtp } from '../../app/ftp/session.ts';
import { BaseCommand, TARGET_HELP, targetFlags } from '../base.ts';

export default class FtpMkdir extends BaseCommand {
  static override summary = 'Make a folder on an FTP server.';
  static override examples = [
    '<%= config.bin %> ftp mkdir @web/www/img',
    '<%= config.bin %> ftp mkdir --parents ftp://deploy@ftp.example.org/www/2026/11',
  ];
  static override args = { target: Args.string({ required: true, description: TARGET_HELP }) };
  static override flags = {
    ...targetFlags,
    parents: Flags.boolean({ char: 'p', description: 'the folders above as well; no error when it is there' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(FtpMkdir);
    await this.oneOff(flags, one => withFtp(args.target, one, (client, path) => makeFolder(client, path, flags.parents)));
  }
}
