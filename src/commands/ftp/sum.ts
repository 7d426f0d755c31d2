import { Args } from '@oclif/core';
import { sumRemote } from '../../app/ftp/list.ts';
import { withFtp } from '../../app/ftp/session.ts';
import { printable } from '../../core/text.ts';
import { BaseCommand, jsonFlag, TARGET_HELP, targetFlags } from '../base.ts';

export default class FtpSum extends BaseCommand {
  static override summary = 'Print the SHA-256 of a file on an FTP server, as sha256sum does; the file is read, not stored.';
  static override examples = [
    '<%= config.bin %> ftp sum @web/www/index.html',
    '<%= config.bin %> ftp sum ftp://deploy@ftp.example.org/backup.tar.gz --json',
  ];
  static override args = { target: Args.string({ required: true, description: TARGET_HELP }) };
  static override flags = { ...targetFlags, json: jsonFlag };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(FtpSum);
    const { path, sha256 } = await this.oneOff(flags, one =>
      withFtp(args.target, one, async (client, at) => ({ path: at, sha256: await sumRemote(client, at) })),
    );
    if (flags.json) return this.printJson({ path, sha256 });
    this.print(`${sha256}  ${printable(path)}`);
  }
}
