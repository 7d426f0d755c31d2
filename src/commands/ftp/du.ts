import { Args, Flags } from '@oclif/core';
import { diskUse, type FolderUse } from '../../app/ftp/list.ts';
import { withFtp } from '../../app/ftp/session.ts';
import { formatSize } from '../../core/units.ts';
import { type Column, table } from '../../progress/table.ts';
import { BaseCommand, jsonFlag, TARGET_HELP, targetFlags } from '../base.ts';
import { columns } from '../terminal.ts';

const COLUMNS: readonly Column<FolderUse>[] = [
  { title: 'SIZE', value: ({ bytes }) => formatSize(bytes), align: 'right' },
  { title: 'FILES', value: ({ files }) => String(files), align: 'right' },
  { title: 'FOLDER', value: ({ path }) => path, flexible: true, keepEnd: true },
];

export default class FtpDu extends BaseCommand {
  static override summary = 'Add up the sizes below a folder on an FTP server.';
  static override examples = [
    '<%= config.bin %> ftp du @web/www',
    '<%= config.bin %> ftp du ftp://deploy@ftp.example.org/ --depth 1 --json',
  ];
  static override args = { target: Args.string({ required: true, description: TARGET_HELP }) };
  static override flags = {
    ...targetFlags,
    depth: Flags.integer({ char: 'd', min: 0, max: 100, default: 1, description: 'how many levels of folders to show' }),
    json: jsonFlag,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(FtpDu);
    const folders = await this.oneOff(flags, one =>
      withFtp(args.target, one, (client, path) => diskUse(client, path, flags.depth)),
    );
    if (flags.json) return this.printJson({ folders });
    for (const line of table(COLUMNS, folders, columns())) this.print(line);
  }
}
