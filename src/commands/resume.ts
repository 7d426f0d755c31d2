import { Args } from '@oclif/core';
import { resumeJob } from '../app/schedule/pause.ts';
import { workspace } from '../app/workspace.ts';
import { BaseCommand, jobsFlag, jsonFlag, stateFlag } from './base.ts';

export default class Resume extends BaseCommand {
  static override summary = 'Let a paused job be started by its schedule again, from its next slot on.';
  static override examples = ['<%= config.bin %> resume nightly-site'];
  static override args = { job: Args.string({ required: true, description: 'a job file, or a name in the jobs folder' }) };
  static override flags = { jobs: jobsFlag, state: stateFlag, json: jsonFlag };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Resume);
    const job = await resumeJob(workspace(flags), args.job);
    if (flags.json) return this.printJson({ job, paused: false });
    this.print(`${job} is scheduled again`);
  }
}
