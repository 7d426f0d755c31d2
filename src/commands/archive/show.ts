import { Args, Flags } from '@oclif/core';
import { openMessage, readShown, type ShownMessage } from '../../app/archive/archive.ts';
import { printable, printableLines } from '../../core/text.ts';
import { formatSize } from '../../core/units.ts';
import { formatMailbox } from '../../mail/address-list.ts';
import { archiveFlag, BaseCommand, jsonFlag } from '../base.ts';

export default class ArchiveShow extends BaseCommand {
  static override summary = 'Show one archived message, or give back its exact octets.';
  static override examples = [
    '<%= config.bin %> archive show 4f2a9c',
    '<%= config.bin %> archive show 4f2a9c --raw > message.eml',
  ];
  static override args = { sha256: Args.string({ required: true, description: 'its SHA-256, or a unique beginning of it' }) };
  static override flags = {
    archive: archiveFlag,
    raw: Flags.boolean({ description: 'the exact octets that the server sent', exclusive: ['json'] }),
    json: jsonFlag,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ArchiveShow);
    const found = await openMessage(flags.archive, args.sha256);
    try {
      if (flags.raw) return await this.printBytes(found.octets());
      const shown = await readShown(found);
      if (flags.json) this.printJson({ message: messageJson(shown) });
      else this.#print(shown);
    } finally {
      await found.close();
    }
  }

  #print({ message, mail, text }: ShownMessage): void {
    const fields = [
      ['From', message.from],
      ['To', mail.to.map(formatMailbox).join(', ')],
      ['Cc', mail.cc.map(formatMailbox).join(', ')],
      ['Date', message.date],
      ['Subject', message.subject],
    ] as const;
    for (const [name, value] of fields) if (value !== undefined && value !== '') this.print(`${name}: ${printable(value)}`);
    const when = new Date(message.fetchedAt).toISOString();
    this.print(`Archived: ${printable(message.account)}, ${when}, ${formatSize(message.size)}, SHA-256 ${message.sha256}`);
    this.print(`\n${printableLines(text.trimEnd())}`);
    if (mail.textCut) this.print(`The text goes on: postrider archive show ${message.sha256.slice(0, 12)} --raw`);
    for (const { name, type, content } of mail.attachments) {
      this.print(`Attached: ${printable(name ?? 'without a name')} (${printable(type)}, ${formatSize(content.length)})`);
    }
  }
}

function messageJson({ message, mail, text }: ShownMessage): Record<string, unknown> {
  const { sha256, size, account, month, uidl, fetchedAt, messageId, date, from, subject } = message;
  return {
    ...{
      sha256,
      size,
      account,
      month,
      uidl,
      'fetched-at': new Date(fetchedAt).toISOString(),
      'message-id': messageId,
      date,
      from,
      subject,
    },
    ...{ to: mail.to.map(formatMailbox), cc: mail.cc.map(formatMailbox), text, ...(mail.textCut ? { 'text-cut': true } : {}) },
    attachments: mail.attachments.map(({ name, type, content }) => ({ name, type, size: content.length })),
  };
}
