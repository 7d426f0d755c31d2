import { Args } from '@oclif/core';
import { type Explanation, SLOTS_MAX, whySlot } from '../app/schedule/why.ts';
import { workspace } from '../app/workspace.ts';
import { printable } from '../core/text.ts';
import { BaseCommand, jobsFlag, jsonFlag, stateFlag } from './base.ts';

export default class Why extends BaseCommand {
  static override summary = 'Say what became of the slots of a day, a minute or a second, and why.';
  static override examples = [
    '<%= config.bin %> why nightly-site 2026-10-25',
    '<%= config.bin %> why nightly-site 2026-10-25T02:30 --json',
  ];
  static override args = {
    job: Args.string({ required: true, description: 'a job file, or a name in the jobs folder' }),
    time: Args.string({ required: true, description: 'a day or time, local to the schedule unless it has Z or an offset' }),
  };
  static override flags = { jobs: jobsFlag, state: stateFlag, json: jsonFlag };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Why);
    const { slots, more } = await whySlot(workspace(flags), args.job, args.time);
    if (more) this.say(`There are more slots than the first ${SLOTS_MAX}; ask for a minute, such as 2026-10-25T02:30.`);
    if (flags.json) return this.printJson({ slots: slots.map(slotJson), ...(more ? { more } : {}) });
    for (const { shown, text } of slots) this.print(printable(shown === undefined ? text : `${shown}  ${text}`));
  }
}

function slotJson({ slot, shown: _, ...rest }: Explanation): Record<string, unknown> {
  return { ...(slot === undefined ? {} : { at: new Date(slot).toISOString() }), ...rest };
}
