import { Args, Flags } from '@oclif/core';
import { runLog } from '../app/history.ts';
import { workspace } from '../app/workspace.ts';
import { eventLine } from '../progress/lines.ts';
import { eventToJson } from '../run/events.ts';
import { BaseCommand, jsonFlag, stateFlag } from './base.ts';

export default class Logs extends BaseCommand {
  static override summary = 'Print what a run said, line by line.';
  static override examples = ['<%= config.bin %> logs last', '<%= config.bin %> logs 20261123-023000-4f2a9c --step deploy'];
  static override args = { run: Args.string({ required: true, description: 'a run’s id, its beginning, or `last`' }) };
  static override flags = {
    state: stateFlag,
    step: Flags.string({ helpValue: 'ID', description: 'only this step' }),
    json: jsonFlag,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Logs);
    const events = await runLog(workspace(flags), args.run, flags.step);
    if (flags.json) return this.printJson({ events: events.map(event => JSON.parse(eventToJson(event))) });
    for (const event of events) {
      const line = eventLine(event);
      if (line !== undefined) this.print(line);
    }
  }
}
