import { Args, Flags } from '@oclif/core';
import { headerInBody, previewSend, readBody, sendOnce } from '../../app/smtp/send.ts';
import { AppError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import { BaseCommand, TARGET_HELP, targetFlags } from '../base.ts';
import { chooseRenderer, terminalIo } from '../terminal.ts';

const WITHOUT_HEADER =
  "--to, --cc, --bcc and --subject say what it says; cut it off: … | sed '1,/^[[:space:]]*$/d' | postrider smtp send …";

const many = (description: string) => Flags.string({ multiple: true, multipleNonGreedy: true, description });

export default class SmtpSend extends BaseCommand {
  static override summary =
    'Send one mail; the step smtp/send in one line. Without --text and --html the body is read from stdin.';
  static override examples = [
    "<%= config.bin %> smtp send @outbox --from robot@example.org --to ops@example.org --subject 'Disk' --text 'almost full'",
    'df -h | <%= config.bin %> smtp send smtp://robot@smtp.example.org --from robot@example.org --to ops@example.org --subject Disks',
  ];
  static override args = { target: Args.string({ required: true, description: TARGET_HELP }) };
  static override flags = {
    ...targetFlags,
    from: Flags.string({ required: true, description: 'the sender' }),
    to: many('a recipient'),
    cc: many('who gets a copy, shown to all'),
    bcc: many('who gets a copy, shown to nobody'),
    'reply-to': many('where answers go'),
    subject: Flags.string({ required: true, description: 'the subject line' }),
    text: Flags.string({ description: 'the body as plain text' }),
    html: Flags.string({ description: 'the body as HTML' }),
    attach: many('a file or a pattern'),
    'dry-run': Flags.boolean({ char: 'n', description: 'print the mail as it would go; send nothing' }),
    json: Flags.boolean({ description: 'one event per line on stdout; with --dry-run one document' }),
    quiet: Flags.boolean({ char: 'q', description: 'say nothing unless it fails' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SmtpSend);
    const { from, to, cc, bcc, subject, html, attach } = flags;
    const piped = flags.text === undefined && html === undefined;
    if (piped && flags['password-stdin']) {
      throw new AppError('usage', 'stdin cannot hold the password and the body', { hint: 'Give the body with --text.' });
    }
    if (piped && process.stdin.isTTY) this.say('The body is what you type now; Ctrl-D ends it.');
    const body = piped ? await readBody(process.stdin) : flags.text;
    const header = piped && !flags.quiet ? headerInBody(body ?? '') : undefined;
    if (header !== undefined)
      this.say(`warning: the body begins with a header (${header.join(', ')}), which is sent as text\n  ${WITHOUT_HEADER}`);
    const mail = { from, to, cc, bcc, 'reply-to': flags['reply-to'], subject, text: body, html, attachments: attach };
    await this.oneOff(flags, async one => {
      const request = { target: args.target, mail, one };
      if (flags['dry-run']) {
        if (flags.json) return this.printJson({ ...(await previewSend(request)) });
        const { summary } = await previewSend(request, octets => this.printBytes(octets));
        return this.say(printable(summary));
      }
      const { exitCode } = await sendOnce(request, chooseRenderer(flags), terminalIo());
      if (exitCode !== 0) this.exit(exitCode);
    });
  }
}
