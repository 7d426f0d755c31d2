import { Args } from '@oclif/core';
import { type RunDetails, runDetails } from '../app/history.ts';
import { workspace } from '../app/workspace.ts';
import { printable, printableLines } from '../core/text.ts';
import { formatDuration } from '../core/units.ts';
import { type Column, table } from '../progress/table.ts';
import { localTime } from '../progress/time.ts';
import type { StepRecord } from '../stores/store.ts';
import { BaseCommand, jsonFlag, stateFlag } from './base.ts';
import { runJson, stepJson, tookText } from './run-json.ts';
import { columns } from './terminal.ts';

const COLUMNS: readonly Column<StepRecord>[] = [
  { title: 'STEP', value: step => step.step },
  { title: 'USES', value: step => step.uses },
  { title: 'STATUS', value: step => step.status },
  { title: 'TRIES', value: step => String(step.attempts), align: 'right' },
  { title: 'TOOK', value: step => (step.durationMs === undefined ? '' : formatDuration(step.durationMs)), align: 'right' },
  { title: 'OUTPUTS', value: step => outputsText(step), flexible: true },
];

export default class Show extends BaseCommand {
  static override summary = 'Show one run: its steps, outputs and errors.';
  static override examples = ['<%= config.bin %> show last', '<%= config.bin %> show 20261123-023000-4f2a9c --json'];
  static override args = { run: Args.string({ required: true, description: 'a run’s id, its beginning, or `last`' }) };
  static override flags = { state: stateFlag, json: jsonFlag };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Show);
    const details = await runDetails(workspace(flags), args.run);
    if (flags.json) return this.printJson({ ...runJson(details.run), steps: details.steps.map(stepJson) });
    this.#printDetails(details);
  }

  #printDetails({ run, steps }: RunDetails): void {
    this.print(`${run.job}  ${run.status}  ${localTime(run.startedAt)}  ${tookText(run)}`.trimEnd());
    this.print(
      run.host === '' ? `run ${run.id} has yet to begin` : `run ${run.id} on ${printable(run.host)}, ${printable(run.file)}\n`,
    );
    if (steps.length > 0) for (const line of table(COLUMNS, steps, columns())) this.print(line);
    for (const step of steps.filter(s => s.error !== undefined)) {
      this.print(`\n${step.step}: ${printableLines(step.error?.message ?? '')}`);
      if (step.error?.hint !== undefined) this.print(`  ${printable(step.error.hint)}`);
    }
  }
}

function outputsText(step: StepRecord): string {
  return Object.entries(step.outputs)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}
