// Job → Plan: which steps run, in which order, waiting for what. Pure; the same value is printed by `plan` and executed by `run`.
import { didYouMean } from '../core/diagnostic.ts';
import { AppError } from '../core/errors.ts';
import { printable } from '../core/text.ts';
import { ancestorsOf, wavesOf } from '../job/graph.ts';
import type { Job, JobStep } from '../job/job.ts';

export interface Plan {
  readonly job: Job;
  /** In the order of the job file. */
  readonly steps: readonly PlannedStep[];
  /** Run after a failed run, once, in order. */
  readonly onFailure: readonly PlannedStep[];
  /** Steps that may run side by side, wave after wave: for display. */
  readonly waves: readonly (readonly string[])[];
}

export interface PlannedStep {
  readonly step: JobStep;
  /** Ids of steps of this plan only. */
  readonly needs: readonly string[];
  /** Left out by --only or --from: counts as succeeded for those that need it. */
  readonly excluded: boolean;
}

export interface PlanOptions {
  /** Run this step alone. */
  readonly only?: string | undefined;
  /** Run this step and all that depend on it. */
  readonly from?: string | undefined;
}

/** Throws AppError `unknown-step`, or `usage` when both options are given. */
export function planJob(job: Job, options: PlanOptions = {}): Plan {
  const included = includedSteps(job, options);
  const steps = job.steps.map(step => ({
    step,
    // What is left out counts as succeeded, so nobody waits for it.
    needs: included.has(step.id) ? step.needs.filter(id => included.has(id)) : step.needs,
    excluded: !included.has(step.id),
  }));
  const running = job.steps.filter(step => included.has(step.id));
  return {
    job,
    steps,
    onFailure: job.onFailure.map((step, index) => {
      const before = job.onFailure[index - 1];
      return { step, needs: before === undefined ? [] : [before.id], excluded: false };
    }),
    waves: wavesOf(running),
  };
}

function includedSteps(job: Job, { only, from }: PlanOptions): ReadonlySet<string> {
  if (only !== undefined && from !== undefined) {
    throw new AppError('usage', '--only and --from exclude each other', { hint: 'Give one of the two.' });
  }
  if (only !== undefined) return new Set([stepId(job, only, '--only')]);
  const all = new Set(job.steps.map(step => step.id));
  if (from === undefined) return all;
  const first = stepId(job, from, '--from');
  const ancestors = ancestorsOf(job.steps);
  return new Set([...all].filter(id => id === first || ancestors.get(id)?.has(first) === true));
}

function stepId(job: Job, id: string, option: string): string {
  if (job.steps.some(step => step.id === id)) return id;
  const ids = job.steps.map(step => step.id);
  const near = didYouMean(id, ids);
  const hint = near === undefined ? `Steps of this job: ${ids.join(', ')}.` : `Did you mean ${near}?`;
  throw new AppError('unknown-step', `${option} ${printable(id)}: job ${job.name} has no such step`, { hint });
}
