import { Args, Flags } from '@oclif/core';
import { putFiles } from '../../app/ftp/put.ts';
import { withFtp } from '../../app/ftp/session.ts';
import { AppError } from '../../core/errors.ts';
import { BaseCommand, jsonFlag, targetFlags } from '../base.ts';
import { transferLine } from '../terminal.ts';

export default class FtpPut extends BaseCommand {
  static override summary = 'Send files to an FTP server.';
  static override description =
    'Each file is sent under a temporary name, checked and renamed; an interrupted one is continued by the same command. FILE may be - for stdin.';
  static override examples = [
    '<%= config.bin %> ftp put index.html style.css ftp://deploy@ftp.example.org/www/',
    'mysqldump shop | <%= config.bin %> ftp put - @backup/shop.sql',
  ];
  static override strict = false;
  static override args = { file: Args.string({ required: true, description: 'FILE… TARGET: what to send, and last where to' }) };
  static override flags = {
    ...targetFlags,
    recursive: Flags.boolean({ char: 'r', description: 'folders with all that is in them' }),
    atomic: Flags.boolean({
      allowNo: true,
      default: true,
      description: 'rename into place; --no-atomic where the server cannot',
    }),
    quiet: Flags.boolean({ char: 'q', description: 'show no progress' }),
    json: jsonFlag,
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(FtpPut);
    const words = argv.map(String);
    const target = words.at(-1) ?? '';
    const sources = words.slice(0, -1);
    if (sources.length === 0)
      throw new AppError('usage', 'a file and a target are needed', { hint: 'As in: postrider ftp put index.html @web/www/' });
    if (sources.includes('-') && flags['password-stdin']) {
      throw new AppError('usage', 'stdin cannot hold the password and the file', { hint: 'Set POSTRIDER_PASSWORD instead.' });
    }
    const { recursive, atomic } = flags;
    const sent = await this.oneOff(flags, one =>
      withFtp(target, one, (client, path) => {
        const { signal, say, workspace } = one;
        const from = { sources, cwd: workspace.cwd, stdin: process.stdin };
        return putFiles(client, { ...from, target: path, recursive, atomic, progress: transferLine(flags), signal, say });
      }),
    );
    if (flags.json) this.printJson({ files: sent });
  }
}
