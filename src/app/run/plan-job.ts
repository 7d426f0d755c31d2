// What a run would do: the plan, and for each step what its preview finds out without changing anything.
import { systemClock } from '../../core/clock.ts';
import { type ErrorReport, reportOf } from '../../core/errors.ts';
import { Redactor } from '../../core/secret.ts';
import { bindStep } from '../../job/bind.ts';
import { type ExpressionContext, secretsIn } from '../../job/expressions.ts';
import type { Job } from '../../job/job.ts';
import { type Plan, type PlannedStep, planJob } from '../../plan/plan.ts';
import { publicEnvironment } from '../../secrets/environment.ts';
import type { Ledger, Preview, StepContext } from '../../steps/step.ts';
import { type EndpointDependencies, endpointResolver, expressionContextOf } from '../endpoints.ts';
import { jobByName } from '../jobs.ts';
import { tokensOf } from '../secrets/accounts.ts';
import { secretNeeds } from '../secrets/secret-needs.ts';
import { secretsOf } from '../secrets/secrets.ts';
import { withStore } from '../state.ts';
import type { Workspace } from '../workspace.ts';
import { previewContext } from './preview-context.ts';
import { overrideVariables } from './variables.ts';

export interface PlanRequest {
  readonly job: string;
  readonly workspace: Workspace;
  readonly set: readonly string[];
  readonly only?: string | undefined;
  readonly from?: string | undefined;
  /** Ask no server: only what the file says. */
  readonly offline: boolean;
  readonly signal: AbortSignal;
}

export interface PlannedJob {
  readonly plan: Plan;
  readonly steps: readonly StepPlan[];
}

/** `problem`: why nothing more can be said, e.g. an expression over outputs that do not exist yet. */
export interface StepPlan {
  readonly planned: PlannedStep;
  readonly description: string;
  readonly preview?: Preview;
  readonly problem?: ErrorReport;
}

export async function planNamedJob(request: PlanRequest): Promise<PlannedJob> {
  const { workspace, offline } = request;
  const { job } = await jobByName(request.job, workspace);
  const vars = overrideVariables(job.vars, request.set);
  const plan = planJob(job, request);
  const secrets = secretsOf(workspace);
  if (!offline) await secrets.unlockFor(secretNeeds(job).map(({ name }) => name));
  const redactor = new Redactor();
  const outside: EndpointDependencies = {
    ...{ job, redactor, vars, env: publicEnvironment(workspace.env), runId: ID },
    resolveSecret: secrets.resolve,
    tokensOf: account => tokensOf(account, workspace, redactor),
  };
  return withStore(workspace, async store => {
    const steps: StepPlan[] = [];
    for (const planned of plan.steps) {
      const { id, with: settings } = planned.step;
      const expressions = await expressionContextOf(offline ? [] : secretsIn(settings), outside);
      const context = contextOf(job, readOnly(store.ledger(job.name, id)), request, outside);
      steps.push(redactor.redactValue(await planStep(planned, expressions, context, offline)));
    }
    return { plan, steps };
  });
}

/** Stands for a run. */
const ID = 'plan';

function contextOf(job: Job, ledger: Ledger, { workspace, signal }: PlanRequest, outside: EndpointDependencies): StepContext {
  const { env, redactor } = outside;
  const connection = endpointResolver(outside);
  return previewContext({
    ...{ id: ID, host: workspace.host, signal, clock: systemClock, workdir: job.workdir, env, job, ledger },
    note: () => undefined,
    connection: name => connection(name, () => undefined),
    secret: async name => {
      const secret = await outside.resolveSecret(name);
      redactor.add(secret);
      return secret;
    },
  });
}

async function planStep(
  planned: PlannedStep,
  expressions: ExpressionContext,
  context: StepContext,
  offline: boolean,
): Promise<StepPlan> {
  const { step } = planned;
  let description = step.uses;
  try {
    const config = bindStep(step, expressions);
    description = step.type.describe(config);
    if (offline || planned.excluded) return { planned, description };
    return { planned, description, preview: await step.type.preview(config, context) };
  } catch (error) {
    context.signal.throwIfAborted();
    return { planned, description, problem: reportOf(error) };
  }
}

/** A preview looks and writes nothing. */
function readOnly(ledger: Ledger): Ledger {
  return { get: key => ledger.get(key), put: async () => undefined, delete: async () => undefined };
}
