import { Args, Flags } from '@oclif/core';
import { pauseJob } from '../app/schedule/pause.ts';
import { workspace } from '../app/workspace.ts';
import { BaseCommand, jobsFlag, jsonFlag, stateFlag } from './base.ts';

export default class Pause extends BaseCommand {
  static override summary = 'Keep a job from being started by its schedule; its slots are recorded as skipped.';
  static override examples = ['<%= config.bin %> pause nightly-site --reason "server moves"'];
  static override args = { job: Args.string({ required: true, description: 'a job file, or a name in the jobs folder' }) };
  static override flags = {
    jobs: jobsFlag,
    state: stateFlag,
    reason: Flags.string({ helpValue: 'TEXT', description: 'why; shown by status and why' }),
    json: jsonFlag,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Pause);
    const job = await pauseJob(workspace(flags), args.job, flags.reason);
    if (flags.json) return this.printJson({ job, paused: true });
    this.print(`${job} is paused; go on with: postrider resume ${job}`);
  }
}
