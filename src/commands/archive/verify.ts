import { resolve } from 'node:path';
import { type Problem, verifyArchive } from '../../archive/index.ts';
import { printable } from '../../core/text.ts';
import { formatCount, formatSize } from '../../core/units.ts';
import { accountFlag, archiveFlag, BaseCommand, jsonFlag } from '../base.ts';

export default class ArchiveVerify extends BaseCommand {
  static override summary =
    'Recompute every hash and the chain of seals, and name each message that is missing, changed, torn or unlisted.';
  static override description = 'Changes nothing. Ends with 1 when anything is wrong.';
  static override examples = ['<%= config.bin %> archive verify --archive /srv/mail'];
  static override flags = { archive: archiveFlag, account: accountFlag, json: jsonFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(ArchiveVerify);
    const onProblem = flags.json ? undefined : (problem: Problem) => this.print(problemLine(problem));
    const result = await verifyArchive(resolve(flags.archive), {
      account: flags.account,
      ...(onProblem === undefined ? {} : { onProblem }),
    });
    const { accounts, months, messages, sound, bytes, problems, busy, seals } = result;
    if (flags.json)
      this.printJson({ sound: problems.length === 0, accounts, months, messages, intact: sound, bytes, problems, busy, seals });
    else {
      for (const account of busy)
        this.say(`${printable(account)} is being written just now; what its manifest does not list yet is not counted`);
      for (const { account, month, sha256 } of seals) this.print(`sealed: ${printable(account)} up to ${month}, seal ${sha256}`);
      this.print(
        `${sound} of ${formatCount(messages, 'messages')} sound (${formatSize(bytes)}, ${formatCount(months, 'months')}, ${formatCount(accounts, 'accounts')})`,
      );
    }
    if (problems.length > 0) this.exit(1);
  }
}

function problemLine({ kind, path, offset, length, sha256, subject, reason }: Problem): string {
  if (reason !== undefined) return printable(`${kind}: ${path}: ${reason}`);
  const what = sha256 === undefined ? `${length} bytes` : `${sha256}${subject === undefined ? '' : ` “${subject}”`}`;
  return printable(`${kind}: ${what} at ${offset} of ${path}`);
}
