import { Args, Flags } from '@oclif/core';
import { previewReport, showFile, writePreview } from '../../app/report/preview.ts';
import { workspace } from '../../app/workspace.ts';
import { printable } from '../../core/text.ts';
import { BaseCommand, jsonFlag, stateFlag } from '../base.ts';

export default class ReportPreview extends BaseCommand {
  static override summary = 'Write the report of a run as HTML and text, and send it to nobody.';
  static override examples = [
    '<%= config.bin %> report preview last --open',
    '<%= config.bin %> report preview 20261123-023000-4f2a9c --out /tmp',
  ];
  static override args = { run: Args.string({ required: true, description: 'a run’s id, its beginning, or `last`' }) };
  static override flags = {
    state: stateFlag,
    out: Flags.string({ helpValue: 'DIR', default: '.', description: 'where the two files go; made if it is missing' }),
    open: Flags.boolean({ description: 'show the HTML in the browser' }),
    json: jsonFlag,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ReportPreview);
    const preview = await previewReport(workspace(flags), args.run);
    const [html, text] = await writePreview(preview, flags.out);
    if (flags.json) this.printJson({ run: preview.run, subject: preview.subject, html, text });
    else for (const line of [printable(preview.subject), html, text]) this.print(line);
    if (flags.open) await showFile(html);
  }
}
