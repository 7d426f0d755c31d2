import { Args, Flags } from '@oclif/core';
import { probeSmtp } from '../../app/smtp/probe.ts';
import { printable } from '../../core/text.ts';
import { formatDuration, formatSize } from '../../core/units.ts';
import { BaseCommand, jsonFlag, stateFlag, TARGET_HELP, targetFlags } from '../base.ts';

const CHUNKING = {
  proven: 'proven: it throws the chunk of a refused mail away, so many mails may go in one window',
  refuted: 'not safe: it lost its step over a refused mail; mails go one round trip each',
  'not-offered': 'not offered',
  unknown: 'unknown: it takes even an impossible recipient, so nothing could be refused',
} as const;

export default class SmtpProbe extends BaseCommand {
  static override summary = 'Connect to an SMTP server, sign in, and say what it offers; no mail is sent.';
  static override examples = [
    '<%= config.bin %> smtp probe smtp://robot@smtp.example.org --transcript',
    '<%= config.bin %> smtp probe @outbox --json',
    '<%= config.bin %> smtp probe @outbox --chunking',
  ];
  static override args = { target: Args.string({ required: true, description: TARGET_HELP }) };
  static override flags = {
    ...targetFlags,
    state: stateFlag,
    chunking: Flags.boolean({
      description: 'find out whether many mails may go in one window (BDAT), and remember it for thirty days; no mail is sent',
    }),
    json: jsonFlag,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SmtpProbe);
    const probe = await this.oneOff(flags, one => probeSmtp(args.target, one, { chunking: flags.chunking ?? false }));
    if (flags.json) return this.printJson({ ...probe });
    this.print(
      `server      ${probe.server}, ready after ${formatDuration(probe['took-ms'])}, ${probe['round-trips']} round trips besides those of TCP and TLS`,
    );
    this.print(`TLS         ${probe.tls}`);
    this.print(`signed in   ${probe['signed-in'] ? 'yes' : 'no user was named'}`);
    this.print(`mechanisms  ${printable(probe.mechanisms.join(' '))}`);
    this.print(`extensions  ${printable(probe.extensions.join(' '))}`);
    if (probe.chunking !== undefined) this.print(`chunking    ${CHUNKING[probe.chunking]}`);
    if (probe['size-max'] !== undefined) this.print(`largest     ${formatSize(probe['size-max'])}`);
  }
}
