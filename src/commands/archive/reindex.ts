import { resolve } from 'node:path';
import { reindexArchive } from '../../archive/index.ts';
import { formatCount } from '../../core/units.ts';
import { archiveFlag, BaseCommand, jsonFlag } from '../base.ts';
import { sayEvery } from '../terminal.ts';

export default class ArchiveReindex extends BaseCommand {
  static override summary = 'Make the search index anew from the messages.';
  static override description =
    'A search brings the index up to date by itself; this is for one that is damaged or was made by an older version.';
  static override flags = { archive: archiveFlag, json: jsonFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(ArchiveReindex);
    const onProgress = sayEvery(10_000, messages => this.say(`${messages} messages indexed so far`));
    const messages = await reindexArchive(resolve(flags.archive), onProgress);
    if (flags.json) this.printJson({ messages });
    else this.print(`${formatCount(messages, 'messages')} indexed`);
  }
}
