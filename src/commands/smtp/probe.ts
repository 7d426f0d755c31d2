import { Args } from '@oclif/core';
import { probeSmtp } from '../../app/smtp/probe.ts';
import { printable } from '../../core/text.ts';
import { formatDuration, formatSize } from '../../core/units.ts';
import { BaseCommand, jsonFlag, TARGET_HELP, targetFlags } from '../base.ts';

export default class SmtpProbe extends BaseCommand {
  static override summary = 'Connect to an SMTP server, sign in, and say what it offers; no mail is sent.';
  static override examples = [
    '<%= config.bin %> smtp probe smtp://robot@smtp.example.org --transcript',
    '<%= config.bin %> smtp probe @outbox --json',
  ];
  static override args = { target: Args.string({ required: true, description: TARGET_HELP }) };
  static override flags = { ...targetFlags, json: jsonFlag };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SmtpProbe);
    const probe = await this.oneOff(flags, one => probeSmtp(args.target, one));
    if (flags.json) return this.printJson({ ...probe });
    this.print(`server      ${probe.server}, ready after ${formatDuration(probe['took-ms'])}`);
    this.print(`TLS         ${probe.tls}`);
    this.print(`signed in   ${probe['signed-in'] ? 'yes' : 'no user was named'}`);
    this.print(`mechanisms  ${printable(probe.mechanisms.join(' '))}`);
    this.print(`extensions  ${printable(probe.extensions.join(' '))}`);
    if (probe['size-max'] !== undefined) this.print(`largest     ${formatSize(probe['size-max'])}`);
  }
}
