import { Args, Flags } from '@oclif/core';
import { deleteSecret } from '../../app/secrets/secret-store.ts';
import { workspace } from '../../app/workspace.ts';
import { BaseCommand, stateFlag } from '../base.ts';

export default class SecretDelete extends BaseCommand {
  static override summary = 'Take a secret out of the vault and the keychain.';
  static override examples = ['<%= config.bin %> secret delete web', '<%= config.bin %> secret delete web --backend keychain'];
  static override args = { name: Args.string({ required: true }) };
  static override flags = {
    state: stateFlag,
    backend: Flags.option({ options: ['vault', 'keychain'] as const, description: 'only from there' })(),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SecretDelete);
    const { from, remains, locked } = await deleteSecret(args.name, flags.backend, workspace(flags));
    this.say(`${args.name} is no longer in the ${from.join(' and the ')}`);
    if (locked) this.say('The keychain is locked: what is in it was not looked at.');
    if (remains !== undefined) this.say(`It still comes from ${remains}.`);
  }
}
