import { Flags } from '@oclif/core';
import { uninstallService } from '../../app/service/service.ts';
import { workspace } from '../../app/workspace.ts';
import { BaseCommand } from '../base.ts';

export default class ServiceUninstall extends BaseCommand {
  static override summary = 'Stop the scheduler’s systemd unit and remove it; jobs, state and secrets stay.';
  static override examples = ['<%= config.bin %> service uninstall'];
  static override flags = { system: Flags.boolean({ description: 'the unit of the machine instead of your own' }) };

  async run(): Promise<void> {
    const { flags } = await this.parse(ServiceUninstall);
    const removed = await uninstallService({ workspace: workspace({}), system: flags.system });
    this.print(removed ? 'the unit is removed' : 'there is no unit');
  }
}
