import { Args } from '@oclif/core';
import { catRemote } from '../../app/ftp/list.ts';
import { withFtp } from '../../app/ftp/session.ts';
import { BaseCommand, TARGET_HELP, targetFlags } from '../base.ts';

export default class FtpCat extends BaseCommand {
  static override summary = 'Write a file of an FTP server to stdout.';
  static override examples = [
    '<%= config.bin %> ftp cat @web/www/robots.txt',
    "<%= config.bin %> ftp cat 'ftp://deploy@ftp.example.org/logs/*.log' | grep ' 500 '",
  ];
  static override args = { target: Args.string({ required: true, description: `${TARGET_HELP}; the path may hold * ? [] {}` }) };
  static override flags = targetFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(FtpCat);
    await this.oneOff(flags, one => withFtp(args.target, one, (client, path) => this.printBytes(catRemote(client, path))));
  }
}
