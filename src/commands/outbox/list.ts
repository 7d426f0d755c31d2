import { Flags } from '@oclif/core';
import { listLetters, stateOf } from '../../app/outbox/desk.ts';
import { letterJson, recipientsShown } from '../../app/outbox/letter-view.ts';
import { workspace } from '../../app/workspace.ts';
import type { Letter } from '../../mail/outbox.ts';
import { type Column, table } from '../../progress/table.ts';
import { localMinute } from '../../progress/time.ts';
import { BaseCommand, jsonFlag, stateFlag } from '../base.ts';
import { columns } from '../terminal.ts';

const COLUMNS: readonly Column<Letter>[] = [
  { title: 'ID', value: letter => letter.id },
  { title: 'STATE', value: stateOf },
  { title: 'JOB', value: letter => letter.job },
  { title: 'TO', value: recipientsShown, flexible: true },
  { title: 'WRITTEN', value: letter => localMinute(letter.createdAt), optional: true },
  { title: 'NEXT TRY', value: nextShown },
  {
    title: 'LAST WORD',
    value: letter => letter.deliveries.findLast(one => one.reply !== undefined)?.reply ?? '',
    flexible: true,
    optional: true,
  },
];

export default class OutboxList extends BaseCommand {
  static override summary = 'List the mails that wait, whose outcome is unknown, or that were given up.';
  static override examples = ['<%= config.bin %> outbox list', '<%= config.bin %> outbox list --all --json'];
  static override flags = {
    state: stateFlag,
    all: Flags.boolean({ char: 'a', description: 'the delivered and refused ones, too' }),
    limit: Flags.integer({ char: 'n', default: 100, min: 1, max: 10_000, description: 'how many' }),
    json: jsonFlag,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(OutboxList);
    const letters = await listLetters(workspace(flags), { all: flags.all ?? false, limit: flags.limit });
    if (flags.json) return this.printJson({ letters: letters.map(letterJson) });
    if (letters.length === 0) return this.say('Nothing waits in the outbox.');
    for (const line of table(COLUMNS, letters, columns())) this.print(line);
  }
}

function nextShown({ deliveries }: Letter): string {
  const next = deliveries.flatMap(({ nextAt }) => nextAt ?? []);
  return next.length === 0 ? '' : localMinute(Math.min(...next));
}
