import { Args, Flags } from '@oclif/core';
import { itemJson, LISTING, listRemote, nameWithin } from '../../app/ftp/list.ts';
import { withFtp } from '../../app/ftp/session.ts';
import { table } from '../../progress/table.ts';
import { BaseCommand, jsonFlag, TARGET_HELP, targetFlags } from '../base.ts';
import { columns } from '../terminal.ts';

export default class FtpLs extends BaseCommand {
  static override summary = 'List a folder on an FTP server, one file, or what a pattern names.';
  static override description =
    'The path of a URL starts at the folder of the login; //path starts at the root. Without TLS only with ?tls=none.';
  static override examples = [
    '<%= config.bin %> ftp ls ftp://deploy@ftp.example.org/www',
    "<%= config.bin %> ftp ls '@web/www/*.html' --json",
  ];
  static override args = { target: Args.string({ required: true, description: TARGET_HELP }) };
  static override flags = {
    ...targetFlags,
    recursive: Flags.boolean({ char: 'R', description: 'everything below it' }),
    all: Flags.boolean({ char: 'a', description: 'names that begin with a dot, too' }),
    json: jsonFlag,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(FtpLs);
    const { items, shown } = await this.oneOff(flags, one =>
      withFtp(args.target, one, async (client, path) => {
        const found = await listRemote(client, path, flags);
        return { items: found, shown: found.map(item => ({ ...item, path: nameWithin(path, item.path) })) };
      }),
    );
    if (flags.json) return this.printJson({ entries: items.map(itemJson) });
    for (const line of shown.length === 0 ? [] : table(LISTING, shown, columns())) this.print(line);
  }
}
