// Runs what has been begun: connects steps, secrets, store, ping and whoever watches to the runner. The same for every way a run starts.
import type { Clock } from '../../core/clock.ts';
import { reportOf } from '../../core/errors.ts';
import { systemRandom } from '../../core/random.ts';
import type { Redactor } from '../../core/secret.ts';
import { printable } from '../../core/text.ts';
import { prepareExpressions } from '../../job/expression-engine.ts';
import type { Snapshot } from '../../job/snapshot.ts';
import { planJob } from '../../plan/plan.ts';
import { dial } from '../../protocols/net/dial.ts';
import type { RunDeps, RunOutcome } from '../../run/deps.ts';
import type { RunEvent, RunListener } from '../../run/events.ts';
import { runPlan } from '../../run/runner.ts';
import { publicEnvironment } from '../../secrets/environment.ts';
import { IdleSessions } from '../../steps/smtp-sessions.ts';
import type { RunFacts } from '../../steps/step.ts';
import type { RunRecord, Store } from '../../stores/store.ts';
import { endpointResolver } from '../endpoints.ts';
import { stepOutbox } from '../outbox/sender.ts';
import { tokensOf } from '../secrets/accounts.ts';
import { secretsOf } from '../secrets/secrets.ts';
import type { Workspace } from '../workspace.ts';
import { pingListener } from './ping.ts';
import { historyOf } from './run-history.ts';

export interface Execution extends Pick<RunDeps, 'signal' | 'resume' | 'takePlace'> {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly clock: Clock;
  readonly redactor: Redactor;
  /** Begun in the store. */
  readonly record: RunRecord;
  readonly snapshot: Snapshot;
  /** The first hears first. */
  readonly listeners: readonly RunListener[];
  /** Events that nobody is to hear of; default none. */
  readonly withholds?: (event: RunEvent) => boolean;
  /** Lines about what is around the run, such as a monitor that does not answer. */
  readonly say: (line: string) => void;
}

export async function executeRun(execution: Execution): Promise<RunOutcome> {
  const { workspace, store, clock, redactor, record, snapshot, listeners } = execution;
  const { job } = snapshot;
  // A job that is remembered, by a scheduler or with a run, was not read from its file by this process.
  await prepareExpressions();
  const plan = planJob(job, snapshot);
  const env = publicEnvironment(workspace.env);
  const { resolve } = secretsOf(workspace);
  const say = (line: string) => execution.say(printable(redactor.redact(line)));
  const tokens = (account: string) => tokensOf(account, workspace, redactor);
  const outside = { job, resolveSecret: resolve, tokensOf: tokens, redactor, vars: job.vars, env, runId: record.id };
  const ping = await pingListener({ ...outside, clock, say }).catch(error => {
    say(`ping: ${reportOf(error).message}`);
    return undefined;
  });
  const { signal, resume, takePlace } = execution;
  const mailSessions = new IdleSessions(clock);
  const outcome = await runPlan(plan, {
    ...{ clock, random: systemRandom, signal, env, redactor, dial, vars: job.vars },
    ...{ runId: record.id, trigger: record.trigger as RunFacts['trigger'], host: workspace.host },
    listeners: [...listeners, ...(ping === undefined ? [] : [ping])].map(listener => withheld(listener, execution.withholds)),
    resolveSecret: resolve,
    connection: endpointResolver(outside),
    ledger: step => store.ledger(job.name, step),
    history: historyOf(store, job.name, record.id),
    outbox: stepOutbox(store, workspace.host, clock, redactor),
    mailSessions,
    ...(resume === undefined ? {} : { resume }),
    ...(takePlace === undefined ? {} : { takePlace }),
  });
  await mailSessions.close();
  return outcome;
}

function withheld(listener: RunListener, withholds: Execution['withholds']): RunListener {
  if (withholds === undefined) return listener;
  return { name: listener.name, on: event => (withholds(event) ? undefined : listener.on(event)) };
}
