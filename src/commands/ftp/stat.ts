import { Args } from '@oclif/core';
import { itemJson, modeText, statRemote } from '../../app/ftp/list.ts';
import { withFtp } from '../../app/ftp/session.ts';
import { printable } from '../../core/text.ts';
import { localTime } from '../../progress/time.ts';
import { BaseCommand, jsonFlag, TARGET_HELP, targetFlags } from '../base.ts';

export default class FtpStat extends BaseCommand {
  static override summary = 'Say what one path on an FTP server is: kind, size, time, mode.';
  static override examples = [
    '<%= config.bin %> ftp stat @web/www/index.html',
    '<%= config.bin %> ftp stat ftp://deploy@ftp.example.org/backup.tar.gz --json',
  ];
  static override args = { target: Args.string({ required: true, description: TARGET_HELP }) };
  static override flags = { ...targetFlags, json: jsonFlag };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(FtpStat);
    const item = await this.oneOff(flags, one => withFtp(args.target, one, (client, path) => statRemote(client, path)));
    if (flags.json) return this.printJson(itemJson(item));
    const { type, size, modifiedAt, mode, target } = item.entry;
    this.print(`path      ${printable(item.path)}`);
    this.print(`type      ${type}`);
    if (size !== undefined) this.print(`size      ${size} bytes`);
    if (modifiedAt !== undefined) this.print(`modified  ${localTime(modifiedAt)}`);
    if (mode !== undefined) this.print(`mode      ${modeText(item.entry)}`);
    if (target !== undefined) this.print(`target    ${printable(target)}`);
  }
}
