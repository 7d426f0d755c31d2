import { Flags } from '@oclif/core';
import { exitCodeOf } from '../app/exit-codes.ts';
import { type PlannedJob, planNamedJob, type StepPlan } from '../app/run/plan-job.ts';
import { workspace } from '../app/workspace.ts';
import { systemClock } from '../core/clock.ts';
import { printable } from '../core/text.ts';
import { wrap } from '../progress/width.ts';
import type { PreviewAction } from '../steps/step.ts';
import { BaseCommand, jobArgs, jobFlags, jsonFlag } from './base.ts';
import { interruptible } from './interruption.ts';
import { actionLine, columns } from './terminal.ts';

const ACTIONS_SHOWN = 50;

export default class Plan extends BaseCommand {
  static override summary = 'Say what a run would do; change nothing.';
  static override description =
    'Connects to the servers and compares, but sends no command that changes anything. `--offline` asks no server.';
  static override examples = ['<%= config.bin %> plan nightly-site', '<%= config.bin %> plan nightly-site --only deploy --json'];
  static override args = jobArgs;
  static override flags = {
    ...jobFlags,
    offline: Flags.boolean({ description: 'ask no server' }),
    all: Flags.boolean({ description: `list every action, not only the first ${ACTIONS_SHOWN} of a step` }),
    json: jsonFlag,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Plan);
    const interruption = interruptible(systemClock.elapsed);
    const { set = [], only, from, offline } = flags;
    const planned = await planNamedJob({
      job: args.job,
      workspace: workspace(flags),
      set,
      only,
      from,
      offline,
      signal: interruption.signal,
    });
    if (flags.json) this.printJson(planJson(planned));
    else for (const line of planLines(planned, flags.all ? Number.POSITIVE_INFINITY : ACTIONS_SHOWN)) this.print(line);
    const problem = planned.steps.find(step => step.problem !== undefined)?.problem;
    if (problem !== undefined) this.exit(exitCodeOf(problem));
  }
}

function planLines({ plan, steps }: PlannedJob, shown: number): string[] {
  const order = plan.waves.map(wave => wave.join(' + ')).join(' → ');
  return [...wrapped(`${plan.job.name}: ${order}`), ...steps.flatMap(step => ['', ...stepLines(step, shown)])];
}

const wrapped = (text: string) => wrap(printable(text), columns(), '    ').filter(line => line.trim() !== '');

function stepLines({ planned, description, preview, problem }: StepPlan, shown: number): string[] {
  const { step } = planned;
  const lines = [...wrapped(`${step.id}  ${description}${planned.excluded ? '  (left out)' : ''}`)];
  if (step.condition !== 'success()') lines.push(...wrapped(`  if ${step.condition}`));
  if (problem !== undefined) lines.push(...wrapped(`  ! ${problem.message}`), ...wrapped(`    ${problem.hint ?? ''}`));
  if (preview === undefined) return lines;
  if (preview.summary !== description) lines.push(...wrapped(`  ${preview.summary}`));
  if (isSaid(preview.actions, description)) return lines;
  for (const action of preview.actions.slice(0, shown)) lines.push(`    ${actionLine(action)}`);
  if (preview.actions.length > shown) lines.push(`    … and ${preview.actions.length - shown} more; --all lists them`);
  return lines;
}

/** A single action that tells nothing beyond the description. */
function isSaid([action, ...more]: readonly PreviewAction[], description: string): boolean {
  if (action === undefined || more.length > 0) return false;
  return action.reason === undefined && action.bytes === undefined && description.includes(action.target);
}

function planJson({ plan, steps }: PlannedJob): Record<string, unknown> {
  return {
    job: plan.job.name,
    file: plan.job.file,
    waves: plan.waves,
    steps: steps.map(({ planned, description, preview, problem }) => ({
      step: planned.step.id,
      uses: planned.step.uses,
      needs: planned.needs,
      if: planned.step.condition,
      excluded: planned.excluded,
      description,
      ...(preview === undefined ? {} : preview),
      ...(problem === undefined ? {} : { error: problem }),
    })),
  };
}
