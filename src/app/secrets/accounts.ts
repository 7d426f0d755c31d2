// The OAuth2 accounts of a workspace: kept like secrets, and a source of access tokens for connections.
import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { AppError, fileError } from '../../core/errors.ts';
import { systemRandom } from '../../core/random.ts';
import type { Redactor } from '../../core/secret.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { isKeychainLocked, lockedKeychain, storeInKeychain } from '../../secrets/keychain.ts';
import { assertSecretName } from '../../secrets/name.ts';
import { accountSecretName, accountText, type OAuthAccount, parseAccount } from '../../secrets/oauth/account.ts';
import { type KeptAccount, type TokenSource, tokenSource } from '../../secrets/oauth/token-source.ts';
import { lockFile } from '../../secrets/process-lock.ts';
import { type FoundSecret, findSecret, type SecretBackend } from '../../secrets/resolver.ts';
import { userStateDir, type Workspace } from '../workspace.ts';
import type { StoringBackend } from './secret-store.ts';
import { secretsOf } from './secrets.ts';

const known = new WeakMap<Redactor, Map<string, TokenSource>>();

/** One an account in a run, so that its connections share a token; all that is secret about it is masked from then on. */
export function tokensOf(name: string, workspace: Workspace, redactor: Redactor): TokenSource {
  const sources = known.get(redactor) ?? new Map<string, TokenSource>();
  known.set(redactor, sources);
  const source = sources.get(name) ?? makeSource(name, workspace, redactor);
  sources.set(name, source);
  return source;
}

/** Where an account is kept, besides what it is. */
export interface StoredAccount extends KeptAccount {
  readonly backend: SecretBackend;
  readonly place: string;
}

/** Throws AppError `oauth-missing`, `keychain-locked`, `oauth-unreadable`, and what the vault says. */
export async function loadAccount(name: string, workspace: Workspace): Promise<StoredAccount> {
  const found = await findAccount(name, workspace);
  if (found === undefined) {
    if (await isKeychainLocked(secretsOf(workspace).sources.env)) {
      throw lockedKeychain(`whether anybody has signed in as ${name} is not known: the keychain is locked`);
    }
    throw new AppError('oauth-missing', `nobody has signed in as ${name} on this machine`, {
      hint: `Sign in once: postrider login ${name} --provider google|microsoft|custom`,
    });
  }
  const { backend, place } = found;
  const account = parseAccount(found.value, name, place);
  if (backend !== 'vault' && backend !== 'keychain') return { account, backend, place };
  return { account, backend, place, save: changed => storeAccount(name, changed, backend, workspace) };
}

export async function storeAccount(
  name: string,
  account: OAuthAccount,
  backend: StoringBackend,
  workspace: Workspace,
): Promise<void> {
  const [secretName, text] = [accountSecretName(name), accountText(account)];
  if (backend === 'keychain') await storeInKeychain(secretName, text);
  else await secretsOf(workspace).vault.set(secretName, text);
}

/** Waits until no other process renews or replaces this account. */
export async function lockAccount(name: string, backend: SecretBackend, workspace: Workspace): Promise<() => Promise<void>> {
  const path = await lockPath(accountSecretName(name), backend, workspace);
  if (path === undefined) return async () => undefined;
  await makeFolder(dirname(path), { mode: 0o700 }).catch(error => {
    throw fileError(error, dirname(path));
  });
  const doing = `renewing the sign-in ${name}`;
  return lockFile(path, { clock: systemClock, random: systemRandom, doing, busyCode: 'oauth-busy' });
}

/** Beside the vault, under its true name; for a keychain with the user, whatever state folder was chosen. */
async function lockPath(secretName: string, backend: SecretBackend, workspace: Workspace): Promise<string | undefined> {
  if (backend === 'keychain') return join(userStateDir(workspace.env), `${secretName}.lock`);
  if (backend !== 'vault') return undefined;
  const { path } = secretsOf(workspace).vault;
  return `${await realpath(path).catch(() => path)}.${secretName}.lock`;
}

function findAccount(name: string, workspace: Workspace): Promise<FoundSecret | undefined> {
  assertSecretName(accountSecretName(name));
  return findSecret(accountSecretName(name), secretsOf(workspace).sources);
}

function makeSource(name: string, workspace: Workspace, redactor: Redactor): TokenSource {
  return tokenSource({
    name,
    load: () => loadAccount(name, workspace),
    lock: async () => lockAccount(name, (await loadAccount(name, workspace)).backend, workspace),
    resolveSecret: secret => secretsOf(workspace).resolve(secret),
    clock: systemClock,
    onSecret: secret => redactor.add(secret),
  });
}
