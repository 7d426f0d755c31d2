import { relative, resolve } from 'node:path';
import { Args } from '@oclif/core';
import { initJobs } from '../app/init.ts';
import { BaseCommand, jsonFlag } from './base.ts';

export default class Init extends BaseCommand {
  static override summary = 'Write a starter jobs folder; overwrite nothing.';
  static override examples = ['<%= config.bin %> init', '<%= config.bin %> init ./automation/jobs'];
  static override args = { dir: Args.string({ default: 'jobs', description: 'the folder' }) };
  static override flags = { json: jsonFlag };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Init);
    const dir = resolve(args.dir);
    const files = await initJobs(dir);
    if (flags.json) return this.printJson({ dir, files });
    for (const { path, written } of files)
      this.print(`${written ? 'wrote  ' : 'kept   '} ${relative(process.cwd(), path) || path}`);
    this.print('\nNext:');
    this.print(`  1. Put your servers into ${relative(process.cwd(), resolve(dir, 'connections.yaml'))}.`);
    this.print('  2. Give the passwords: export POSTRIDER_SECRET_WEB=… (or the keychain, or a file in /run/secrets).');
    this.print(`  3. postrider validate ${args.dir} && postrider plan ${args.dir}/deploy-site.yaml`);
  }
}
