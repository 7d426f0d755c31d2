import { Args } from '@oclif/core';
import { EXIT } from '../../app/exit-codes.ts';
import { resendLetter, stateOf } from '../../app/outbox/desk.ts';
import { letterJson } from '../../app/outbox/letter-view.ts';
import { BaseCommand, jobsFlag, jsonFlag, stateFlag } from '../base.ts';

export default class OutboxResend extends BaseCommand {
  static override summary = 'Send a mail again to everybody who has not accepted it, even where the outcome is unknown.';
  static override description =
    'Who has an unknown outcome may get the mail twice; both copies have the same Message-ID. Whoever accepted it is left alone.';
  static override examples = ['<%= config.bin %> outbox resend 4f2a'];
  static override args = { id: Args.string({ required: true, description: 'a letter’s id, or its beginning' }) };
  static override flags = { jobs: jobsFlag, state: stateFlag, json: jsonFlag };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(OutboxResend);
    const letter = await this.oneOff(flags, ({ workspace, signal, say }) => resendLetter({ workspace, signal, say }, args.id));
    if (flags.json) this.printJson(letterJson(letter));
    const state = stateOf(letter);
    if (state === 'waiting') this.exit(EXIT.temporary);
    if (state !== 'accepted') this.exit(EXIT.failed);
  }
}
