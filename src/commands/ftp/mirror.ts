import { Args, Flags } from '@oclif/core';
import { mirrorOnce, mirrorOptions, previewMirror } from '../../app/ftp/mirror.ts';
import { printable } from '../../core/text.ts';
import { BaseCommand, targetFlags } from '../base.ts';
import { actionLine, chooseRenderer, terminalIo } from '../terminal.ts';

const patterns = (description: string) =>
  Flags.string({ multiple: true, multipleNonGreedy: true, helpValue: 'GLOB', description });

export default class FtpMirror extends BaseCommand {
  static override summary = 'Make a folder on an FTP server like a local one, or the reverse; the step ftp/mirror in one line.';
  static override examples = [
    '<%= config.bin %> ftp mirror ./public @web/www --delete --dry-run',
    "<%= config.bin %> ftp mirror ftp://deploy@ftp.example.org/www ./backup --exclude '*.log'",
  ];
  static override args = {
    source: Args.string({ required: true, description: 'a local folder, or a server: a URL or @name/path' }),
    destination: Args.string({ required: true, description: 'the other of the two' }),
  };
  static override flags = {
    ...targetFlags,
    'dry-run': Flags.boolean({ char: 'n', description: 'say what it would do; change nothing' }),
    delete: Flags.boolean({ description: 'delete what the source does not have, after everything was transferred' }),
    include: patterns('gitignore pattern: only what matches is mirrored'),
    exclude: patterns('gitignore pattern: what matches is neither transferred nor deleted'),
    last: patterns('sent after everything else'),
    ascii: patterns('transferred as text'),
    compare: Flags.string({ helpValue: 'time-size|size|hash|manifest', description: 'how a change is noticed' }),
    parallel: Flags.integer({ char: 'P', helpValue: 'N', description: 'sessions at once; default 8' }),
    atomic: Flags.boolean({ allowNo: true, default: true, description: 'transfer to a temporary name and rename' }),
    resume: Flags.boolean({ allowNo: true, default: true, description: 'continue what an interrupted run left' }),
    'preserve-times': Flags.boolean({ allowNo: true, default: true, description: 'give copies the time of their source' }),
    symlinks: Flags.string({ options: ['skip', 'follow', 'error'], description: 'links in the source' }),
    verify: Flags.string({ helpValue: 'size|hash|none', description: 'how a transferred file is checked' }),
    'chmod-files': Flags.string({ helpValue: '644', description: 'mode of every transferred file' }),
    'chmod-dirs': Flags.string({ helpValue: '755', description: 'mode of every folder made' }),
    bandwidth: Flags.string({ helpValue: '2MB/s', description: 'at most so much for all sessions together' }),
    commit: Flags.string({ options: ['each', 'end'], description: 'end: all names change only when everything is there' }),
    'max-delete': Flags.string({ helpValue: 'N|P%', description: 'refuse to run when more would be deleted' }),
    'allow-empty': Flags.boolean({ description: 'let an empty source empty the target' }),
    retries: Flags.integer({ min: 0, max: 99, default: 2, description: 'further tries after a failure that may pass' }),
    json: Flags.boolean({ description: 'one event per line on stdout; with --dry-run one document' }),
    quiet: Flags.boolean({ char: 'q', description: 'say nothing unless something fails' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(FtpMirror);
    await this.oneOff(flags, async one => {
      const request = { ...args, options: mirrorOptions(flags), attempts: flags.retries + 1, one };
      if (flags['dry-run']) {
        const { summary, actions } = await previewMirror(request);
        if (flags.json) return this.printJson({ summary, actions });
        for (const action of actions) this.print(actionLine(action));
        return this.print(printable(summary));
      }
      const { exitCode } = await mirrorOnce(request, chooseRenderer(flags), terminalIo());
      if (exitCode !== 0) this.exit(exitCode);
    });
  }
}
