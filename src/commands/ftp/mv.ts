import { Args } from '@oclif/core';
import { moveRemote } from '../../app/ftp/edit.ts';
import { withFtp } from '../../app/ftp/session.ts';
import { pathOnSameServer } from '../../app/oneoff/target-text.ts';
import { BaseCommand, TARGET_HELP, targetFlags } from '../base.ts';

export default class FtpMv extends BaseCommand {
  static override summary = 'Rename or move a file or folder on an FTP server.';
  static override examples = [
    '<%= config.bin %> ftp mv @web/www/new.html www/index.html',
    '<%= config.bin %> ftp mv ftp://deploy@ftp.example.org/inbox/a.csv done/',
  ];
  static override args = {
    target: Args.string({ required: true, description: TARGET_HELP }),
    to: Args.string({ required: true, description: 'the new path on the same server, or a folder there' }),
  };
  static override flags = targetFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(FtpMv);
    const to = pathOnSameServer(args.target, args.to);
    await this.oneOff(flags, one => withFtp(args.target, one, (client, path) => moveRemote(client, path, to)));
  }
}
