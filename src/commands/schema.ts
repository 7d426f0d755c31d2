import { jobSchemaText } from '../app/jobs.ts';
import { BaseCommand } from './base.ts';

export default class Schema extends BaseCommand {
  static override summary = 'Print the JSON Schema of job files.';
  static override description =
    'Editors that know YAML schemas complete and check job files with it: `# yaml-language-server: $schema=./job.schema.json`.';
  static override examples = ['<%= config.bin %> schema > jobs/job.schema.json'];

  async run(): Promise<void> {
    await this.parse(Schema);
    process.stdout.write(jobSchemaText());
  }
}
