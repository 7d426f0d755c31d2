// What `${{ … }}` sees when a step starts: secrets are fetched only when named, and masked from then on.
import { type ExpressionContext, secretsIn } from '../job/expressions.ts';
import type { Raw } from '../job/job.ts';
import type { StepStatus } from '../steps/step.ts';
import type { ConditionStatus } from './readiness.ts';
import type { RunScope } from './scope.ts';

/** `raw` is what the expressions stand in: only the secrets that it names are fetched. Throws what resolving a secret throws (`secret-missing`, `vault-locked`). */
export async function expressionContext(raw: Raw, status: ConditionStatus, scope: RunScope): Promise<ExpressionContext> {
  const { deps, job, run } = scope;
  const secrets: Record<string, string> = {};
  for (const name of secretsIn(raw)) {
    const secret = await deps.resolveSecret(name);
    deps.redactor.add(secret);
    secrets[name] = secret.reveal();
  }
  return {
    vars: deps.vars,
    env: definedOnly(deps.env),
    secrets,
    job: { name: job.name, status: statusWord(status) },
    run: { id: run.id, trigger: run.trigger, host: run.host, 'started-at': new Date(run.startedAt).toISOString() },
    steps: stepResults(scope),
    status,
  };
}

/** GitHub's words, as far as the step that asks depends on it. */
function statusWord({ cancelled, failure }: ConditionStatus): string {
  if (cancelled) return 'cancelled';
  return failure ? 'failure' : 'success';
}

function stepResults({ state }: RunScope): ExpressionContext['steps'] {
  return Object.fromEntries(
    state.ids().map(id => [id, { outputs: state.outputs(id), outcome: OUTCOMES[state.standing(id)?.status ?? 'pending'] }]),
  );
}

/** GitHub's words for `steps.<id>.outcome`: what happened, before `continue-on-error` makes it good. */
const OUTCOMES: Readonly<Record<StepStatus, string>> = {
  pending: '',
  running: '',
  succeeded: 'success',
  failed: 'failure',
  'timed-out': 'failure',
  cancelled: 'cancelled',
  skipped: 'skipped',
};

function definedOnly(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
