// What a run would do: the plan, and for each step what its preview finds out without changing anything.
import { systemClock } from '../core/clock.ts';
import { type ErrorReport, reportOf } from '../core/errors.ts';
import { systemRandom } from '../core/random.ts';
import { Redactor } from '../core/secret.ts';
import { bindStep } from '../job/bind.ts';
import { type ExpressionContext, secretsIn } from '../job/expressions.ts';
import { type Plan, type PlannedStep, planJob } from '../plan/plan.ts';
import { dial } from '../protocols/net/dial.ts';
import { publicEnvironment } from '../secrets/environment.ts';
import type { Preview, StepContext } from '../steps/step.ts';
import { tokensOf } from './accounts.ts';
import { endpointResolver } from './endpoints.ts';
import { jobByName } from './jobs.ts';
import { secretNeeds } from './secret-needs.ts';
import { secretsOf } from './secrets.ts';
import { openStore } from './state.ts';
import { overrideVariables } from './variables.ts';
import type { Workspace } from './workspace.ts';

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
  const { job } = await jobByName(request.job, request.workspace);
  const vars = overrideVariables(job.vars, request.set);
  const plan = planJob(job, {
    ...(request.only === undefined ? {} : { only: request.only }),
    ...(request.from === undefined ? {} : { from: request.from }),
  });
  const redactor = new Redactor();
  const env = publicEnvironment(request.workspace.env);
  const secrets = secretsOf(request.workspace);
  if (!request.offline) await secrets.unlockFor(secretNeeds(job).map(({ name }) => name));
  const secret = async (name: string) => {
    const found = await secrets.resolve(name);
    redactor.add(found);
    return found;
  };
  const tokens = (account: string) => tokensOf(account, request.workspace, redactor);
  const connection = endpointResolver({ job, resolveSecret: secret, tokensOf: tokens, redactor, vars, env, runId: 'plan' });
  const store = await openStore(request.workspace, systemClock);
  try {
    const steps: StepPlan[] = [];
    for (const planned of plan.steps) {
      const { step } = planned;
      const values = Object.fromEntries(
        await Promise.all(request.offline ? [] : secretsIn(step.with).map(async name => [name, (await secret(name)).reveal()])),
      );
      const expressions: ExpressionContext = {
        vars,
        env,
        secrets: values,
        job: { name: job.name },
        run: { id: 'plan' },
        steps: {},
        status: { success: true, failure: false, cancelled: false },
      };
      const context: StepContext = {
        signal: request.signal,
        clock: systemClock,
        random: systemRandom,
        progress: () => undefined,
        note: () => undefined,
        connection: name => connection(name, () => undefined),
        dial,
        secret,
        workdir: job.workdir,
        env,
        job: { name: job.name, file: job.file, ...(job.description === undefined ? {} : { description: job.description }) },
        run: { id: 'plan', startedAt: systemClock.now(), host: request.workspace.host, trigger: 'manual' },
        steps: () => [],
        history: { recent: async () => [] },
        ledger: readOnly(store.ledger(job.name, step.id)),
      };
      steps.push(redactor.redactValue(await planStep(planned, expressions, context, request.offline)));
    }
    return { plan, steps };
  } finally {
    await store.close();
  }
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
function readOnly(ledger: StepContext['ledger']): StepContext['ledger'] {
  return { get: key => ledger.get(key), put: async () => undefined, delete: async () => undefined };
}
