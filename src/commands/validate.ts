import { Args } from '@oclif/core';
import { EXIT } from '../app/exit-codes.ts';
import { validateFiles } from '../app/validate.ts';
import { workspace } from '../app/workspace.ts';
import { type Diagnostic, formatDiagnostic } from '../core/diagnostic.ts';
import { formatCount } from '../core/units.ts';
import { annotatedDiagnostic } from '../progress/annotation.ts';
import { annotates, BaseCommand, jobsFlag, jsonFlag } from './base.ts';

export default class Validate extends BaseCommand {
  static override summary = 'Check job files; print every problem with its place and what to do.';
  static override examples = ['<%= config.bin %> validate', '<%= config.bin %> validate jobs/nightly-site.yaml --json'];
  static override strict = false;
  static override args = { files: Args.string({ description: 'job files or folders (default: the jobs folder)' }) };
  static override flags = { jobs: jobsFlag, json: jsonFlag };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Validate);
    const place = workspace(flags);
    const results = await validateFiles(argv.length === 0 ? [place.jobsDir] : (argv as string[]), place);
    const bad = results.filter(result => !result.valid);
    if (flags.json) {
      this.printJson({ valid: bad.length === 0, files: results });
    } else {
      const shown = annotates() ? annotatedDiagnostic : formatDiagnostic;
      const diagnostics = eachOnce(results.flatMap(result => result.diagnostics));
      for (const diagnostic of diagnostics) process.stdout.write(`${shown(diagnostic)}\n\n`);
      const errors = diagnostics.filter(d => d.severity === 'error').length;
      const checked = `${formatCount(results.length, 'files')} checked`;
      this.say(bad.length === 0 ? `${checked}: no errors` : `${checked}: ${formatCount(errors, 'errors')} in ${bad.length}`);
    }
    if (bad.length > 0) this.exit(EXIT.invalid);
  }
}

/** What is wrong in connections.yaml is wrong for every job that uses it. */
function eachOnce(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...new Map(diagnostics.map(each => [JSON.stringify(each), each])).values()];
}
