import { Flags } from '@oclif/core';
import { runJob } from '../app/run/run-job.ts';
import { workspace } from '../app/workspace.ts';
import { systemClock } from '../core/clock.ts';
import { BaseCommand, jobArgs, jobFlags } from './base.ts';
import { interruptible } from './interruption.ts';
import { chooseRenderer, terminalIo } from './terminal.ts';

export default class Run extends BaseCommand {
  static override summary = 'Run a job now, in the foreground.';
  static override examples = [
    '<%= config.bin %> run nightly-site',
    '<%= config.bin %> run jobs/nightly-site.yaml --set site=./dist --only deploy',
  ];
  static override args = jobArgs;
  static override flags = {
    ...jobFlags,
    json: Flags.boolean({ description: 'print one event per line on stdout', exclusive: ['quiet'] }),
    quiet: Flags.boolean({ char: 'q', description: 'say nothing unless something fails' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Run);
    const interruption = interruptible(systemClock.elapsed);
    const result = await runJob({
      job: args.job,
      workspace: workspace(flags),
      set: flags.set ?? [],
      only: flags.only,
      from: flags.from,
      renderer: chooseRenderer(flags),
      io: terminalIo(),
      signal: interruption.signal,
    }).finally(interruption.release);
    if (result.exitCode !== 0) this.exit(result.exitCode);
  }
}
