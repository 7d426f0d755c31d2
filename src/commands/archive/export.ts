import { Args, Flags } from '@oclif/core';
import { exportMessages } from '../../app/archive/archive.ts';
import { printable } from '../../core/text.ts';
import { formatCount, formatSize } from '../../core/units.ts';
import { accountFlag, archiveFlag, BaseCommand, jsonFlag } from '../base.ts';

const FORMATS = ['eml', 'maildir', 'mbox'] as const;

export default class ArchiveExport extends BaseCommand {
  static override summary = 'Copy messages into a new folder, octet for octet, each hash checked.';
  static override description =
    'eml and maildir: one file a message, with SHA256SUMS for `sha256sum -c`. mbox: one file a month with its manifest, an archive of its own.';
  static override examples = ['<%= config.bin %> archive export ./2026 --since 2026 --until 2026 --format maildir'];
  static override args = { folder: Args.string({ required: true, description: 'the new folder; must not exist' }) };
  static override flags = {
    archive: archiveFlag,
    account: accountFlag,
    format: Flags.option({ options: FORMATS, default: 'eml' as const, description: 'how they are stored' })(),
    since: Flags.string({ helpValue: 'DATE', description: 'from this year, month or day on, by the message’s own date' }),
    until: Flags.string({ helpValue: 'DATE', description: 'up to this year, month or day, which is included' }),
    json: jsonFlag,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ArchiveExport);
    const { messages, bytes, accounts } = await exportMessages({ ...flags, target: args.folder });
    if (flags.json) return this.printJson({ folder: args.folder, format: flags.format, messages, bytes, accounts });
    this.print(
      `${formatCount(messages, 'messages')} (${formatSize(bytes)}) of ${formatCount(accounts, 'accounts')} in ${printable(args.folder)}`,
    );
  }
}
