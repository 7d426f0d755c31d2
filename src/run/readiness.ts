// When a step may be decided, and what success(), failure() and cancelled() say to its `if`. Pure.
import type { PlannedStep } from '../plan/plan.ts';
import type { StepStatus } from '../steps/step.ts';

export interface Standing {
  readonly status: StepStatus;
  readonly tolerated: boolean;
}

/** The functions of `if`, as values. */
export interface ConditionStatus {
  readonly success: boolean;
  readonly failure: boolean;
  readonly cancelled: boolean;
}

/** What became of a step by id; undefined for an id that is not in the plan. */
export type Standings = (id: string) => Standing | undefined;

/** Whether it has ended, well or not, or will never begin. */
export function isSettled(status: StepStatus): boolean {
  return status !== 'pending' && status !== 'running';
}

/** A step is ready when everything it needs has ended, however it ended. */
export function isReady(step: PlannedStep, standings: Standings): boolean {
  return step.needs.every(id => isSettled(standings(id)?.status ?? 'succeeded'));
}

/**
 * failure() looks at all that the step depends on, near and far; success() demands that none of it failed. A skip passes on
 * to steps that name the skipped one in `needs`, as between GitHub's jobs; steps in mere sequence go on, as GitHub's steps do.
 */
export function conditionStatus(
  step: PlannedStep,
  plan: ReadonlyMap<string, PlannedStep>,
  standings: Standings,
  runCancelled: boolean,
): ConditionStatus {
  const failure = ancestors(step, plan).some(id => isFailure(standings(id)));
  const skipped = step.step.inSequence !== true && step.needs.some(id => standings(id)?.status === 'skipped');
  return { success: !failure && !skipped && !runCancelled, failure, cancelled: runCancelled };
}

/** Whether failure() counts it; a failure made good by `continue-on-error` is none. */
export function isFailure(standing: Standing | undefined): boolean {
  if (standing === undefined || standing.tolerated) return false;
  return standing.status === 'failed' || standing.status === 'timed-out' || standing.status === 'cancelled';
}

function ancestors(step: PlannedStep, plan: ReadonlyMap<string, PlannedStep>): string[] {
  const seen = new Set<string>();
  const open = [...step.needs];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...(plan.get(id)?.needs ?? []));
  }
  return [...seen];
}
