import { Args, Flags } from '@oclif/core';
import { retryRun } from '../app/run/retry.ts';
import { workspace } from '../app/workspace.ts';
import { systemClock } from '../core/clock.ts';
import { BaseCommand, stateFlag } from './base.ts';
import { interruptible } from './interruption.ts';
import { chooseRenderer, terminalIo } from './terminal.ts';

export default class Retry extends BaseCommand {
  static override summary = 'Run a past run again, as it was begun then.';
  static override description =
    'The job is the one of that run, whatever its file says now, with the same variables. Without flags every step runs again.';
  static override examples = [
    '<%= config.bin %> retry last --from-failed',
    '<%= config.bin %> retry 20261123-0230 --step deploy',
  ];
  static override args = { run: Args.string({ required: true, description: 'a run’s id, its beginning, or `last`' }) };
  static override flags = {
    state: stateFlag,
    'from-failed': Flags.boolean({ description: 'keep the steps that succeeded, with their outputs', exclusive: ['step'] }),
    step: Flags.string({ helpValue: 'ID', description: 'only this step and those that need it; the others stay as they ended' }),
    json: Flags.boolean({ description: 'print one event per line on stdout', exclusive: ['quiet'] }),
    quiet: Flags.boolean({ char: 'q', description: 'say nothing unless something fails' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Retry);
    const { signal, release } = interruptible(systemClock.elapsed);
    const result = await retryRun({
      ...{ run: args.run, fromFailed: flags['from-failed'], step: flags.step, signal },
      workspace: workspace(flags),
      renderer: chooseRenderer(flags),
      io: terminalIo(),
    }).finally(release);
    if (result.exitCode !== 0) this.exit(result.exitCode);
  }
}
