import { Args } from '@oclif/core';
import { exitCodeOf } from '../../app/exit-codes.ts';
import { type CheckedSecret, checkSecrets } from '../../app/secrets/secret-check.ts';
import { secretsOf } from '../../app/secrets/secrets.ts';
import { workspace } from '../../app/workspace.ts';
import { printable } from '../../core/text.ts';
import { type Column, table } from '../../progress/table.ts';
import { BaseCommand, jobsFlag, jsonFlag, stateFlag } from '../base.ts';
import { columns } from '../terminal.ts';

const COLUMNS: readonly Column<CheckedSecret>[] = [
  { title: 'SECRET', value: secret => secret.name },
  { title: 'FROM', value: secret => secret.backend ?? (secret.problem?.code === 'secret-missing' ? 'MISSING' : 'UNUSABLE') },
  { title: 'PLACE', value: secret => secret.place ?? '', flexible: true, optional: true },
  { title: 'NEEDED BY', value: secret => secret.neededBy.join(', '), flexible: true },
];

export default class SecretCheck extends BaseCommand {
  static override summary = 'Say which secrets a job needs, where each comes from, and which is missing.';
  static override examples = [
    '<%= config.bin %> secret check nightly-site',
    '<%= config.bin %> secret check nightly-site --json',
  ];
  static override args = { job: Args.string({ required: true, description: 'a job file, or a name in the jobs folder' }) };
  static override flags = { jobs: jobsFlag, state: stateFlag, json: jsonFlag };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SecretCheck);
    const place = workspace(flags);
    secretsOf(place).askPerson();
    const { job, secrets } = await checkSecrets(args.job, place);
    const bad = secrets.flatMap(({ problem }) => problem ?? []);
    if (flags.json) this.printJson({ job, complete: bad.length === 0, secrets: secrets.map(checkedJson) });
    else if (secrets.length === 0) this.say(`${job} needs no secrets.`);
    else for (const line of table(COLUMNS, secrets, columns())) this.print(line);
    for (const text of new Set(flags.json ? [] : bad.map(({ message, hint }) => `${message}\n  ${hint ?? ''}`))) {
      this.say(`\n${text.split('\n').map(printable).join('\n')}`);
    }
    const [first] = bad;
    if (first !== undefined) this.exit(exitCodeOf(first));
  }
}

function checkedJson({ neededBy, ...rest }: CheckedSecret): Record<string, unknown> {
  return { ...rest, 'needed-by': neededBy };
}
