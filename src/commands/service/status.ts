import { Flags } from '@oclif/core';
import { serviceStatus } from '../../app/service/service.ts';
import { workspace } from '../../app/workspace.ts';
import { BaseCommand, jsonFlag } from '../base.ts';

export default class ServiceStatus extends BaseCommand {
  static override summary = 'Say whether the scheduler’s systemd unit is installed, enabled and running.';
  static override examples = ['<%= config.bin %> service status --json'];
  static override flags = {
    system: Flags.boolean({ description: 'the unit of the machine instead of your own' }),
    json: jsonFlag,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ServiceStatus);
    const status = await serviceStatus({ workspace: workspace({}), system: flags.system });
    if (flags.json) return this.printJson({ ...status });
    const { path, installed, active, enabled } = status;
    this.print(
      installed ? `${path}: ${active}, ${enabled}` : `not installed (${path}); install it with: postrider service install`,
    );
  }
}
