// Which secrets a job needs, and for what: read from its text, without running anything.
import { secretsIn } from '../../job/expressions.ts';
import type { Job, JobStep, Raw } from '../../job/job.ts';
import { hasExpression } from '../../job/template.ts';
import { accountSecretName } from '../../secrets/oauth/account.ts';
import { secretsOfConnection } from '../endpoints.ts';

export interface SecretNeed {
  readonly name: string;
  /** `connection web`, `step deploy`, `ping`. */
  readonly neededBy: readonly string[];
}

/** By name. Connections that no step uses ask for nothing. */
export function secretNeeds(job: Job): readonly SecretNeed[] {
  const steps = [...job.steps, ...job.onFailure];
  const needs = new Map<string, string[]>();
  const need = (name: string, user: string) => needs.set(name, [...new Set([...(needs.get(name) ?? []), user])]);
  const note = (raw: Raw, user: string) => {
    for (const name of secretsIn(raw)) need(name, user);
  };
  for (const name of connectionsUsed(job, steps)) {
    const connection = job.connections[name];
    if (connection === undefined) continue;
    for (const secret of secretsOfConnection(connection)) need(secret, `connection ${name}`);
    if (connection.oauth2 !== undefined) need(accountSecretName(connection.oauth2), `connection ${name}`);
  }
  for (const step of steps) note(step.with, `step ${step.id}`);
  if (job.ping !== undefined) note(job.ping, 'ping');
  return [...needs].map(([name, neededBy]) => ({ name, neededBy })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A name that is an expression may turn out to be any. */
function connectionsUsed(job: Job, steps: readonly JobStep[]): readonly string[] {
  const named = steps.flatMap(step => (typeof step.with['connection'] === 'string' ? [step.with['connection']] : []));
  return named.some(hasExpression) ? Object.keys(job.connections) : [...new Set(named)];
}
