import { Args, Flags } from '@oclif/core';
import { archiveOnce, previewArchive } from '../../app/pop3/archive.ts';
import { printable } from '../../core/text.ts';
import { BaseCommand, TARGET_HELP, targetFlags } from '../base.ts';
import { chooseRenderer, terminalIo } from '../terminal.ts';

const many = (helpValue: string, description: string, dependsOn: string[]) =>
  Flags.string({ multiple: true, multipleNonGreedy: true, helpValue, description, dependsOn });

export default class Pop3Archive extends BaseCommand {
  static override summary = 'Archive a POP3 mailbox; the step pop3/archive in one line.';
  static override examples = [
    '<%= config.bin %> pop3 archive pop3s://invoices@pop.example.org ./archive',
    '<%= config.bin %> pop3 archive @inbox ./archive --delete 30d --dry-run',
    "<%= config.bin %> pop3 archive @inbox ./archive --attachments ./invoices --attachment-name '*.pdf'",
  ];
  static override args = {
    target: Args.string({ required: true, description: TARGET_HELP }),
    archive: Args.string({ required: true, description: 'folder of the archive; made when missing' }),
  };
  static override flags = {
    ...targetFlags,
    'dry-run': Flags.boolean({ char: 'n', description: 'say what it would do; change nothing' }),
    account: Flags.string({ helpValue: 'NAME', description: 'folder of the account; default user@host' }),
    format: Flags.string({ helpValue: 'mbox|maildir', description: 'how messages are kept; default mbox' }),
    delete: Flags.string({ helpValue: 'never|after-archive|30d', description: 'when messages go on the server; default never' }),
    limit: Flags.integer({ helpValue: 'N', description: 'at most so many messages' }),
    'max-size': Flags.string({ helpValue: '20MB', description: 'larger messages stay on the server' }),
    attachments: Flags.string({ helpValue: 'DIR', description: 'save attachments of new messages into this folder, each once' }),
    'attachment-type': many('image/*', 'only of this media type; may be given several times', ['attachments']),
    'attachment-name': many('*.pdf', 'only with such a name; may be given several times', ['attachments']),
    retries: Flags.integer({ min: 0, max: 99, default: 2, description: 'further tries after a failure that may pass' }),
    json: Flags.boolean({ description: 'one event per line on stdout; with --dry-run one document' }),
    quiet: Flags.boolean({ char: 'q', description: 'say nothing unless something fails' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Pop3Archive);
    const { account, format, limit, retries, attachments: dir, delete: policy, 'max-size': maxSize } = flags;
    const attachments = dir && { dir, types: flags['attachment-type'] ?? [], names: flags['attachment-name'] ?? [] };
    await this.oneOff(flags, async one => {
      const options = { account, format, limit, attachments, delete: policy, 'max-size': maxSize };
      const request = { ...args, options, attempts: retries + 1, one };
      if (flags['dry-run']) {
        const { summary, actions } = await previewArchive(request);
        return flags.json ? this.printJson({ summary, actions }) : this.print(printable(summary));
      }
      const { exitCode } = await archiveOnce(request, chooseRenderer(flags), terminalIo());
      if (exitCode !== 0) this.exit(exitCode);
    });
  }
}
