import { Flags } from '@oclif/core';
import { type InstallRequest, installService, serviceUnit, UNIT } from '../../app/service/service.ts';
import { workspace } from '../../app/workspace.ts';
import { BaseCommand, durationFlag, jobsFlag, stateFlag } from '../base.ts';

export default class ServiceInstall extends BaseCommand {
  static override summary = 'Install the scheduler as a hardened systemd unit, and start it.';
  static override description =
    'Without --system it is a unit of your own (`loginctl enable-linger` lets it run while you are not signed in). Secrets come by LoadCredential: from ~/.config/postrider/secrets/NAME, /etc/postrider/secrets/NAME with --system, or as --credential says.';
  static override examples = [
    '<%= config.bin %> service install --print',
    'sudo <%= config.bin %> service install --system --jobs /etc/postrider/jobs',
  ];
  static override flags = {
    jobs: jobsFlag,
    state: stateFlag,
    system: Flags.boolean({ description: 'a unit of the machine instead of your own' }),
    account: Flags.string({ default: 'postrider', description: 'the account of a system unit' }),
    credential: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'NAME=PATH',
      description: 'the file of a secret',
    }),
    writable: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'DIR',
      description: 'a folder that jobs write to, besides their workdir',
    }),
    drain: durationFlag({ default: 30_000, description: 'how long to wait at the end for what runs' }),
    print: Flags.boolean({ description: 'print the unit and change nothing' }),
    start: Flags.boolean({ default: true, allowNo: true, description: 'enable and start it' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ServiceInstall);
    const request: InstallRequest = {
      ...{ workspace: workspace(flags), system: flags.system, account: flags.account, drainMs: flags.drain, start: flags.start },
      ...{ credentials: flags.credential ?? [], writable: flags.writable ?? [] },
    };
    const unit = flags.print ? await serviceUnit(request) : await installService(request);
    if (flags.print) process.stdout.write(unit.text);
    else
      this.print(
        `${unit.path} is ${flags.start ? `installed and started; see: journalctl ${flags.system ? '' : '--user '}-u ${UNIT}` : 'written'}`,
      );
    if (!flags.print && !unit.lingers) this.say('it ends when you sign out; to let it run: loginctl enable-linger');
    for (const { name, path } of unit.missing) this.say(`secret ${name}: put it into ${path} (mode 0600), then install again`);
  }
}
