import { Args, Flags } from '@oclif/core';
import { examine, examinedExitCode } from '../app/doctor/examine.ts';
import type { Finding } from '../app/doctor/finding.ts';
import { printable } from '../core/text.ts';
import { type Column, table } from '../progress/table.ts';
import { BaseCommand, jobsFlag, jsonFlag, stateFlag } from './base.ts';
import { columns } from './terminal.ts';

const SIGNS = { ok: 'ok', warning: 'WARNING', error: 'ERROR', skipped: '-' } as const;

const COLUMNS: readonly Column<Finding>[] = [
  { title: 'CHECK', value: finding => finding.check },
  { title: 'STATE', value: finding => SIGNS[finding.state] },
  { title: 'FOUND', value: finding => finding.found, flexible: true },
];

/** What does not fit is told in full below the table. */
const TABLE_COLUMNS_MAX = 120;

export default class Doctor extends BaseCommand {
  static override summary = 'Say what is wrong with this machine, or with one connection, and what to do about it.';
  static override description =
    'With a connection: its name, port, certificates (and the lines that would trust them), abilities, sign-in, and one command ' +
    'that changes nothing.';
  static override examples = [
    '<%= config.bin %> doctor',
    '<%= config.bin %> doctor web',
    '<%= config.bin %> doctor --all',
    '<%= config.bin %> doctor smtp://robot@smtp.example.org --json',
  ];
  static override args = { connection: Args.string({ description: 'a name of connections.yaml, or a URL' }) };
  static override flags = {
    jobs: jobsFlag,
    state: stateFlag,
    json: jsonFlag,
    all: Flags.boolean({ description: 'the machine, and every connection of connections.yaml' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Doctor);
    const findings = await this.oneOff(flags, one => examine({ connection: args.connection, all: flags.all }, one));
    const code = examinedExitCode(findings);
    if (flags.json) this.printJson({ healthy: code === 0, checks: findings });
    else this.#printFindings(findings);
    if (code !== 0) this.exit(code);
  }

  #printFindings(findings: readonly Finding[]): void {
    for (const line of table(COLUMNS, findings, Math.min(columns(), TABLE_COLUMNS_MAX))) this.print(line);
    const untrusted = findings.some(({ check, state }) => check.endsWith('trust') && state !== 'ok');
    for (const { check, found } of findings.filter(finding => untrusted && /\b(certificate|issuer \d+)$/.test(finding.check))) {
      this.print(`\n${check}`);
      for (const part of found.split('; ')) this.print(`  ${printable(part)}`);
    }
    for (const { check, state, found, advice } of findings.filter(({ state }) => state === 'warning' || state === 'error')) {
      this.print(`\n${SIGNS[state]} ${check}: ${printable(found)}`);
      for (const line of (advice ?? '').split('\n')) this.print(`  ${printable(line)}`);
    }
  }
}
