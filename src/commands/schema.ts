import { Flags } from '@oclif/core';
import { jobSchemaText } from '../app/jobs.ts';
import { outputSchemaText } from '../app/output/catalog.ts';
import { BaseCommand } from './base.ts';

export default class Schema extends BaseCommand {
  static override summary = 'Print the JSON Schema of job files, or of what a command prints with --json.';
  static override description =
    'Editors that know YAML schemas complete and check job files with it: `# yaml-language-server: $schema=./job.schema.json`. Of outputs, new keys may come; within version 1 none goes.';
  static override examples = ['<%= config.bin %> schema > jobs/job.schema.json', "<%= config.bin %> schema --output 'ftp ls'"];
  static override flags = {
    output: Flags.string({
      helpValue: 'COMMAND',
      description: 'of what this command prints with --json; `error`: when it fails',
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Schema);
    process.stdout.write(flags.output === undefined ? jobSchemaText() : outputSchemaText(flags.output));
  }
}
