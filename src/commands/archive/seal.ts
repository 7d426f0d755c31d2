import { type SealedAccountMonth, sealArchive } from '../../app/archive/archive-seal.ts';
import { printable } from '../../core/text.ts';
import { formatCount, formatSize } from '../../core/units.ts';
import { accountFlag, archiveFlag, BaseCommand, jsonFlag } from '../base.ts';

export default class ArchiveSeal extends BaseCommand {
  static override summary =
    'Pack months that are past, each proven whole first and sealed by a hash that is chained to the month before.';
  static override description =
    'pop3/archive does it by itself in the first run of a new month. `zstd -dc 2026-10.mbox.zst` gives the mbox back. ' +
    'Note the last seal somewhere else: with it, `archive verify` proves that nothing was changed since.';
  static override examples = ['<%= config.bin %> archive seal --account me@example.org'];
  static override flags = { archive: archiveFlag, account: accountFlag, json: jsonFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(ArchiveSeal);
    const sealed: SealedAccountMonth[] = [];
    for await (const month of sealArchive(flags.archive, flags.account)) {
      sealed.push(month);
      if (!flags.json) this.print(line(month));
    }
    if (flags.json) return this.printJson({ sealed });
    if (sealed.length === 0) this.print('nothing to seal: no month before the running one is open');
  }
}

function line({ account, month, messages, size, compressed, sha256 }: SealedAccountMonth): string {
  const share = Math.round((compressed / size) * 100);
  return `${printable(account)} ${month}: ${formatCount(messages, 'messages')}, ${formatSize(size)} in ${formatSize(compressed)} (${share} %), seal ${sha256}`;
}
