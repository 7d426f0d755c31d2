import { type ListedSecret, listSecrets } from '../../app/secrets/secret-store.ts';
import { workspace } from '../../app/workspace.ts';
import { systemClock } from '../../core/clock.ts';
import { type Column, table } from '../../progress/table.ts';
import { localMinute } from '../../progress/time.ts';
import { BaseCommand, jsonFlag, stateFlag } from '../base.ts';
import { columns } from '../terminal.ts';

const DAY_MS = 86_400_000;

const COLUMNS: readonly Column<ListedSecret>[] = [
  { title: 'NAME', value: secret => secret.name, flexible: true },
  { title: 'FROM', value: secret => secret.backend },
  { title: 'AGE', value: secret => age(secret.setAt), align: 'right' },
  { title: 'SET', value: secret => (secret.setAt === undefined ? '' : localMinute(secret.setAt)), optional: true },
  { title: 'PLACE', value: secret => secret.place, flexible: true, optional: true },
];

export default class SecretList extends BaseCommand {
  static override summary = 'List the names of all secrets that this machine has, where they are and how old; never a value.';
  static override examples = ['<%= config.bin %> secret list', '<%= config.bin %> secret list --json'];
  static override flags = { state: stateFlag, json: jsonFlag };

  async run(): Promise<void> {
    const { flags } = await this.parse(SecretList);
    const { secrets, locked } = await listSecrets(workspace(flags));
    if (locked) this.say('The keychain is locked: what is in it is not listed.');
    if (flags.json) {
      const at = (setAt: number | undefined) => (setAt === undefined ? null : new Date(setAt).toISOString());
      return this.printJson({ secrets: secrets.map(({ setAt, ...rest }) => ({ ...rest, 'set-at': at(setAt) })) });
    }
    if (secrets.length === 0) return this.say('No secrets yet. Store one with: postrider secret set NAME');
    for (const line of table(COLUMNS, secrets, columns())) this.print(line);
  }
}

function age(setAt: number | undefined): string {
  return setAt === undefined ? '' : `${Math.max(0, Math.floor((systemClock.now() - setAt) / DAY_MS))}d`;
}
