import { Args, Flags } from '@oclif/core';
import { EXIT } from '../../app/exit-codes.ts';
import { flushLetters, stateOf } from '../../app/outbox/desk.ts';
import { letterJson } from '../../app/outbox/letter-view.ts';
import { BaseCommand, jobsFlag, jsonFlag, stateFlag } from '../base.ts';

export default class OutboxFlush extends BaseCommand {
  static override summary = 'Send what waits in the outbox now. `postrider schedule` does it by itself when a mail is due.';
  static override examples = ['<%= config.bin %> outbox flush', '<%= config.bin %> outbox flush --due'];
  static override args = { id: Args.string({ description: 'only this mail' }) };
  static override flags = {
    jobs: jobsFlag,
    state: stateFlag,
    due: Flags.boolean({ description: 'only what is due (1, 5, 15, 30, 60 minutes after a try, then hourly): for cron' }),
    json: jsonFlag,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(OutboxFlush);
    const letters = await this.oneOff(flags, ({ workspace, signal, say }) =>
      flushLetters({ workspace, signal, say }, { id: args.id, due: flags.due ?? false }),
    );
    if (flags.json) this.printJson({ letters: letters.map(letterJson) });
    else if (letters.length === 0) this.say('Nothing waits in the outbox.');
    const states = new Set(letters.map(stateOf));
    if (states.has('waiting')) this.exit(EXIT.temporary);
    if (['rejected', 'indeterminate', 'given-up', 'partial'].some(state => states.has(state as never))) this.exit(EXIT.failed);
  }
}
