// The definition of a run as text, kept with the run: what goes on after a crash, or is tried again, is what was begun.
import { MisuseError } from '../core/errors.ts';
import type { StepType } from '../steps/step.ts';
import { withoutWrittenPassword } from './checks/written-secrets.ts';
import type { Connection, Job, JobStep } from './job.ts';
import { hasExpression } from './template.ts';

export interface Snapshot {
  /** `vars` as the run has them. */
  readonly job: Job;
  /** The part of the job that the run is limited to. */
  readonly only?: string | undefined;
  readonly from?: string | undefined;
}

/** Passwords and keys that stand in the job file as they are do not go into it. */
export function writeSnapshot({ job, only, from }: Snapshot): string {
  const { steps, onFailure, connections, ...rest } = job;
  const bare = Object.fromEntries(Object.entries(connections).map(([name, connection]) => [name, withoutSecrets(connection)]));
  const plain = (step: JobStep) => ({ ...step, type: undefined });
  return JSON.stringify({
    job: { ...rest, connections: bare, steps: steps.map(plain), onFailure: onFailure.map(plain) },
    only,
    from,
  });
}

/** `today` is the job as its file says now; what was left out is taken from there. Throws MisuseError for a step type that is gone. */
export function readSnapshot(text: string, types: ReadonlyMap<string, StepType>, today?: Job): Snapshot {
  return reviveSnapshot(JSON.parse(text) as Snapshot, types, today);
}

/** The same for what JSON.parse() made of it. */
export function reviveSnapshot({ job, ...part }: Snapshot, types: ReadonlyMap<string, StepType>, today?: Job): Snapshot {
  const typed = (step: JobStep): JobStep => {
    const type = types.get(step.uses);
    if (type === undefined) throw new MisuseError(`step ${step.id}: there is no kind of step ${step.uses}`);
    return { ...step, type };
  };
  const connections = Object.fromEntries(
    Object.entries(job.connections).map(([name, connection]) => [name, withSecrets(connection, today?.connections[name])]),
  );
  return { ...part, job: { ...job, connections, steps: job.steps.map(typed), onFailure: job.onFailure.map(typed) } };
}

function withoutSecrets({ password, proxy, dkim, ...rest }: Connection): Connection {
  return {
    ...rest,
    ...(password === undefined || !hasExpression(password) ? {} : { password }),
    ...(proxy === undefined ? {} : { proxy: withoutWrittenPassword(proxy) }),
    ...(dkim === undefined ? {} : { dkim: hasExpression(dkim.key) ? dkim : { ...dkim, key: '' } }),
  };
}

/** A proxy or a key that is another today stays what it was, and is refused where its secret is needed. */
function withSecrets(connection: Connection, today: Connection | undefined): Connection {
  const { proxy, dkim } = connection;
  const password = connection.password ?? today?.password;
  const sameProxy = today?.proxy !== undefined && withoutWrittenPassword(today.proxy) === proxy;
  const sameKey = dkim?.key === '' && today?.dkim?.domain === dkim.domain && today.dkim.selector === dkim.selector;
  return {
    ...connection,
    ...(password === undefined ? {} : { password }),
    ...(sameProxy ? { proxy: today.proxy } : {}),
    ...(sameKey ? { dkim: today.dkim } : {}),
  };
}
