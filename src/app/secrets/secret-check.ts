// Where each secret of a job would come from now, and which is missing.
import { AppError, type ErrorReport, reportOf } from '../../core/errors.ts';
import { accountOfSecret } from '../../secrets/oauth/account.ts';
import { findSecret, type SecretBackend } from '../../secrets/resolver.ts';
import { jobByName } from '../jobs.ts';
import type { Workspace } from '../workspace.ts';
import { loadAccount } from './accounts.ts';
import { type SecretNeed, secretNeeds } from './secret-needs.ts';
import { secretsOf } from './secrets.ts';

export interface CheckedSecret extends SecretNeed {
  readonly backend?: SecretBackend;
  /** Variable, path or keychain. */
  readonly place?: string;
  /** Why it cannot be had. */
  readonly problem?: ErrorReport;
}

export interface SecretCheck {
  readonly job: string;
  readonly secrets: readonly CheckedSecret[];
}

/** Throws AppError `job-missing` or InvalidJobError; everything about the secrets is in the result. */
export async function checkSecrets(job: string, workspace: Workspace): Promise<SecretCheck> {
  const loaded = (await jobByName(job, workspace)).job;
  const secrets: CheckedSecret[] = [];
  for (const need of secretNeeds(loaded)) secrets.push(await checkSecret(need, workspace));
  return { job: loaded.name, secrets };
}

async function checkSecret(need: SecretNeed, workspace: Workspace): Promise<CheckedSecret> {
  const { sources, resolve } = secretsOf(workspace);
  try {
    const account = accountOfSecret(need.name);
    if (account !== undefined) return { ...need, ...(await checkAccount(account, workspace)) };
    const found = await findSecret(need.name, sources);
    if (found === undefined) await resolve(need.name);
    else if (found.value.reveal() === '') throw empty(need.name, found.place);
    return found === undefined ? need : { ...need, backend: found.backend, place: found.place };
  } catch (error) {
    return { ...need, problem: reportOf(error) };
  }
}

/** Signed in, and the client secret that renewing takes is there, too. */
async function checkAccount(name: string, workspace: Workspace): Promise<Pick<CheckedSecret, 'backend' | 'place'>> {
  const { account, backend, place } = await loadAccount(name, workspace);
  if (account.clientSecret !== undefined) await secretsOf(workspace).resolve(account.clientSecret);
  return { backend, place };
}

function empty(name: string, place: string): AppError {
  return new AppError('secret-empty', `the secret ${name} is empty`, { hint: `Look at ${place}.` });
}
