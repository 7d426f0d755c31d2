import { Args, Flags } from '@oclif/core';
import { showLetter, stateOf } from '../../app/outbox/desk.ts';
import { letterJson } from '../../app/outbox/letter-view.ts';
import { workspace } from '../../app/workspace.ts';
import { printable } from '../../core/text.ts';
import { formatSize } from '../../core/units.ts';
import type { Delivery, Letter } from '../../mail/outbox.ts';
import { type Column, table } from '../../progress/table.ts';
import { localTime } from '../../progress/time.ts';
import { BaseCommand, jsonFlag, stateFlag } from '../base.ts';
import { columns } from '../terminal.ts';

const COLUMNS: readonly Column<Delivery>[] = [
  { title: 'RECIPIENT', value: one => printable(one.recipient), flexible: true },
  { title: 'STATUS', value: one => one.status },
  { title: 'TRIES', value: one => String(one.attempts), align: 'right' },
  { title: 'NEXT TRY', value: one => (one.nextAt === undefined ? '' : localTime(one.nextAt)) },
  { title: 'LAST WORD', value: one => one.reply ?? '', flexible: true, optional: true },
];

export default class OutboxShow extends BaseCommand {
  static override summary = 'Show one mail of the outbox: every recipient with its outcome, or the frozen mail itself.';
  static override examples = ['<%= config.bin %> outbox show 4f2a', '<%= config.bin %> outbox show 4f2a --raw > mail.eml'];
  static override args = { id: Args.string({ required: true, description: 'a letter’s id, or its beginning' }) };
  static override flags = {
    state: stateFlag,
    raw: Flags.boolean({ description: 'the exact bytes of the mail, as long as they are kept', exclusive: ['json'] }),
    json: jsonFlag,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(OutboxShow);
    await showLetter(workspace(flags), args.id, async (letter, message) => {
      if (flags.raw) return this.printBytes(message);
      if (flags.json) return this.printJson(letterJson(letter));
      this.#printLetter(letter);
    });
  }

  #printLetter(letter: Letter): void {
    this.print(`${printable(letter.subject)}`);
    this.print(
      `${stateOf(letter)}, written ${localTime(letter.createdAt)}, ${formatSize(letter.size)}${letter.held ? '' : ' (no longer kept)'}`,
    );
    this.print(`run ${letter.run} of ${letter.job}, step ${letter.report}, over ${letter.connection}`);
    this.print(`Message-ID ${printable(letter.messageId)}, from ${printable(letter.from)}\n`);
    for (const line of table(COLUMNS, letter.deliveries, columns())) this.print(line);
  }
}
