import { Args, Flags } from '@oclif/core';
import { importMessages } from '../../app/archive/archive.ts';
import { printable } from '../../core/text.ts';
import { formatCount, formatSize } from '../../core/units.ts';
import { archiveFlag, BaseCommand, jsonFlag } from '../base.ts';

export default class ArchiveImport extends BaseCommand {
  static override summary =
    'Take the messages of mbox files or Maildirs into the archive; what is there already is not stored twice.';
  static override description =
    'A message without any CR gets the CRLF line ends of the wire back, so that it is known again when a server sends it; every other one is taken byte for byte.';
  static override examples = ['<%= config.bin %> archive import old.mbox ~/Maildir --account me@example.org'];
  static override strict = false;
  static override args = { path: Args.string({ required: true, description: 'mbox files and Maildirs' }) };
  static override flags = {
    archive: archiveFlag,
    account: Flags.string({ required: true, helpValue: 'NAME', description: 'the account that they go to' }),
    json: jsonFlag,
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(ArchiveImport);
    const { found, archived, duplicates, bytes } = await importMessages(flags.archive, flags.account, argv as string[]);
    if (flags.json) return this.printJson({ account: flags.account, found, archived, duplicates, bytes });
    this.print(
      `${formatCount(found, 'messages')} found: ${archived} archived (${formatSize(bytes)}), ${duplicates} already there, in ${printable(flags.account)}`,
    );
  }
}
