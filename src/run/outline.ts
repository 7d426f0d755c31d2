// The run as it looks before it begins: what every step is about to do, as far as that is known.
import { bindStep } from '../job/bind.ts';
import { type ExpressionContext, secretsIn } from '../job/expressions.ts';
import type { PlannedStep } from '../plan/plan.ts';
import type { RunDeps } from './deps.ts';
import type { StepOutline } from './events.ts';

/** Never throws: a step whose settings cannot be told yet is described by its `uses`. */
export async function outline(planned: PlannedStep, jobName: string, deps: RunDeps): Promise<StepOutline> {
  const { id, uses } = planned.step;
  return { id, uses, description: await describe(planned, jobName, deps), needs: planned.needs };
}

/** Secrets are not fetched for a description, and outputs of earlier steps are not there yet: where that matters, `uses` must do. */
async function describe({ step }: PlannedStep, jobName: string, deps: RunDeps): Promise<string> {
  const context: ExpressionContext = {
    vars: deps.vars,
    env: Object.fromEntries(Object.entries(deps.env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]))),
    secrets: Object.fromEntries(secretsIn(step.with).map(name => [name, '****'])),
    job: { name: jobName },
    run: { id: deps.runId },
    steps: {},
    status: { success: true, failure: false, cancelled: false },
  };
  try {
    return step.type.describe(await bindStep(step, context));
  } catch {
    return step.uses;
  }
}
