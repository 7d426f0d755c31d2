import { Args } from '@oclif/core';
import { dropLetter } from '../../app/outbox/desk.ts';
import { recipientsShown } from '../../app/outbox/letter-view.ts';
import { workspace } from '../../app/workspace.ts';
import { BaseCommand, stateFlag } from '../base.ts';

export default class OutboxDrop extends BaseCommand {
  static override summary = 'Give a mail up: it is not sent again, and its bytes are deleted.';
  static override examples = ['<%= config.bin %> outbox drop 4f2a'];
  static override args = { id: Args.string({ required: true, description: 'a letter’s id, or its beginning' }) };
  static override flags = { state: stateFlag };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(OutboxDrop);
    const letter = await dropLetter(workspace(flags), args.id);
    this.say(`${letter.id} to ${recipientsShown(letter)} is dropped`);
  }
}
