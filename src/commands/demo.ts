import { Flags } from '@oclif/core';
import { type DemoResult, runDemo } from '../app/sandbox/demo.ts';
import { workspace } from '../app/workspace.ts';
import { systemClock } from '../core/clock.ts';
import { shellWord } from '../core/text.ts';
import { BaseCommand } from './base.ts';
import { interruptible } from './interruption.ts';
import { chooseRenderer, terminalIo } from './terminal.ts';

export default class Demo extends BaseCommand {
  static override summary = 'Run the sample job against the sandbox: deploy a site, archive a mailbox, mail the report.';
  static override description = 'Needs no network and leaves nothing behind but one folder, which it names.';
  static override examples = ['<%= config.bin %> demo', '<%= config.bin %> demo --dir ./try-postrider'];
  static override flags = {
    dir: Flags.string({ helpValue: 'DIR', description: 'a new folder to work in (default: below the temporary folder)' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Demo);
    const interruption = interruptible(systemClock.elapsed);
    this.say(
      'Starting FTP, POP3 and SMTP servers on this machine, with TLS, a small web site to deploy and a mailbox to archive.\n',
    );
    const request = { workspace: workspace({}), renderer: chooseRenderer({}), io: terminalIo(), signal: interruption.signal };
    const result = await runDemo({ ...request, dir: flags.dir });
    interruption.release();
    this.#tell(result);
    if (result.run.exitCode !== 0) this.exit(result.run.exitCode);
  }

  #tell({ dir, site, archive, report, job, state }: DemoResult): void {
    this.print(`\nThe deployed site   ${site}`);
    this.print(`The mail archive    ${archive}`);
    if (report !== undefined)
      this.print(
        `The report          ${report.html}\n                    ${report.text}\n                    ${report.eml}  (${report.subject})`,
      );
    this.print(`The job             ${job}`);
    this.print(`\nEverything is below ${dir}; delete it when you are done.`);
    this.print('\nTry next:');
    this.print(`  postrider show last --state ${shellWord(state)}`);
    this.print('  postrider init                 a jobs folder of your own');
    this.print('  postrider sandbox              the same servers, to rehearse against');
  }
}
