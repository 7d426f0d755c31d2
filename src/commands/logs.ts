import { Args, Flags } from '@oclif/core';
import { runLog } from '../app/history.ts';
import { workspace } from '../app/workspace.ts';
import { systemClock } from '../core/clock.ts';
import { eventLine } from '../progress/lines.ts';
import { eventToJson, type RunEvent } from '../run/events.ts';
import { BaseCommand, jsonFlag, stateFlag } from './base.ts';
import { interruptible } from './interruption.ts';

export default class Logs extends BaseCommand {
  static override summary = 'Print what a run said, line by line.';
  static override examples = ['<%= config.bin %> logs last', '<%= config.bin %> logs 20261123-023000-4f2a9c --step deploy'];
  static override args = { run: Args.string({ required: true, description: 'a run’s id, its beginning, or `last`' }) };
  static override flags = {
    state: stateFlag,
    step: Flags.string({ helpValue: 'ID', description: 'only this step' }),
    follow: Flags.boolean({ char: 'f', description: 'go on until the run has ended; with --json one event per line' }),
    json: jsonFlag,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Logs);
    const request = { id: args.run, step: flags.step };
    const follow = flags.follow ? { follow: interruptible(systemClock.elapsed).signal } : {};
    const events: RunEvent[] = [];
    for await (const event of runLog(workspace(flags), { ...request, ...follow })) {
      const line = flags.json ? eventToJson(event) : eventLine(event);
      if (flags.json && !flags.follow) events.push(event);
      else if (line !== undefined) this.print(line);
    }
    if (flags.json && !flags.follow) this.printJson({ events: events.map(event => JSON.parse(eventToJson(event))) });
  }
}
