import { Args, Flags } from '@oclif/core';
import { setSecret } from '../../app/secrets/secret-store.ts';
import { workspace } from '../../app/workspace.ts';
import { BaseCommand, stateFlag } from '../base.ts';

export default class SecretSet extends BaseCommand {
  static override summary = 'Store a secret in the vault or the keychain; asks without echo, or reads standard input.';
  static override description =
    'The value is never an argument: those are seen by every user of the machine and kept by the shell.\n' +
    'The vault is one file, encrypted with age: by a passphrase (POSTRIDER_VAULT_PASSPHRASE, or asked for) or for the identity ' +
    'in POSTRIDER_VAULT_KEY_FILE, which is made when neither file nor vault exist.';
  static override examples = [
    '<%= config.bin %> secret set web',
    'pass show ftp/web | POSTRIDER_VAULT_KEY_FILE=~/.config/postrider.key <%= config.bin %> secret set web',
  ];
  static override args = { name: Args.string({ required: true, description: 'as jobs write it: secrets.NAME' }) };
  static override flags = {
    state: stateFlag,
    backend: Flags.option({ options: ['vault', 'keychain'] as const, default: 'vault', description: 'where to' })(),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SecretSet);
    const place = await setSecret(args.name, flags.backend, workspace(flags));
    this.say(`${args.name} is in ${place}`);
  }
}
