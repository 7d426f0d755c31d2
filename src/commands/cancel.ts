import { Args } from '@oclif/core';
import { cancelRun } from '../app/run/cancel.ts';
import { workspace } from '../app/workspace.ts';
import { systemClock } from '../core/clock.ts';
import { BaseCommand, jsonFlag, stateFlag } from './base.ts';
import { interruptible } from './interruption.ts';
import { runJson } from './run-json.ts';

export default class Cancel extends BaseCommand {
  static override summary = 'End a run from another terminal, as Ctrl-C in its own would.';
  static override examples = ['<%= config.bin %> cancel last', '<%= config.bin %> cancel 20261123-023000-4f2a9c --json'];
  static override args = { run: Args.string({ required: true, description: 'a run’s id, its beginning, or `last`' }) };
  static override flags = { state: stateFlag, json: jsonFlag };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Cancel);
    const { run } = await cancelRun(workspace(flags), args.run, interruptible(systemClock.elapsed).signal);
    if (flags.json) return this.printJson(runJson(run));
    this.print(`${run.job}: run ${run.id} ended as ${run.status}`);
  }
}
