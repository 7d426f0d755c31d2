// The secrets of a workspace: every source in order, the vault with whoever can open it.
import { join, resolve } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { systemRandom } from '../../core/random.ts';
import { Secret } from '../../core/secret.ts';
import { askHidden, askHiddenTwice, isInteractive } from '../../progress/prompt.ts';
import { accountOfSecret } from '../../secrets/oauth/account.ts';
import { findOutsideVault, resolveSecret, type SecretSources } from '../../secrets/resolver.ts';
import { Vault } from '../../secrets/vault.ts';
import type { Workspace } from '../workspace.ts';

export interface Secrets {
  readonly sources: SecretSources;
  readonly vault: Vault;
  /** Throws AppError `secret-missing`, `vault-locked` and the like; asks nobody. */
  resolve(name: string): Promise<Secret>;
  /**
   * Asks a person for the vault's passphrase when one of these names can only be there; to be called before anything is drawn.
   * Without a person it does nothing, and what is missing is said when it is needed.
   */
  unlockFor(names: readonly string[]): Promise<void>;
  /** From now on a person may be asked for the passphrase, too. */
  askPerson(): void;
}

const VAULT_FILE = 'vault.age';
const PASSPHRASE = 'POSTRIDER_VAULT_PASSPHRASE';

const known = new WeakMap<Workspace, Secrets>();

/** One a workspace, so that a vault is opened once. */
export function secretsOf(workspace: Workspace): Secrets {
  const found = known.get(workspace) ?? makeSecrets(workspace);
  known.set(workspace, found);
  return found;
}

export function vaultPath({ env, cwd, stateDir }: Workspace): string {
  const path = env['POSTRIDER_VAULT'] ?? '';
  return path === '' ? join(stateDir, VAULT_FILE) : resolve(cwd, path);
}

function makeSecrets(workspace: Workspace): Secrets {
  const { env, cwd } = workspace;
  const keyFile = env['POSTRIDER_VAULT_KEY_FILE'] ?? '';
  let mayAsk = false;
  const passphrase = async (purpose: 'open' | 'create') => {
    const given = env[PASSPHRASE] ?? '';
    if (given !== '') return new Secret(given);
    return mayAsk && isInteractive() ? askPassphrase(purpose) : undefined;
  };
  const vault = new Vault({
    path: vaultPath(workspace),
    ...(keyFile === '' ? {} : { keyFile: resolve(cwd, keyFile) }),
    passphrase,
    clock: systemClock,
    random: systemRandom,
  });
  const sources = { env, vault };
  return {
    sources,
    vault,
    resolve: async name => {
      const account = accountOfSecret(name);
      if (account === undefined) return resolveSecret(name, sources);
      throw new AppError('secret-name', `${name} holds the tokens of a sign-in and is no secret for expressions`, {
        hint: `Write \`oauth2: ${account}\` on a connection.`,
      });
    },
    async unlockFor(names) {
      if (!isInteractive() || !(await vault.exists())) return;
      for (const name of names) {
        if ((await findOutsideVault(name, sources)) !== undefined) continue;
        mayAsk = true;
        await vault.get(name);
        mayAsk = false;
        return;
      }
    },
    askPerson() {
      mayAsk = true;
    },
  };
}

async function askPassphrase(purpose: 'open' | 'create'): Promise<Secret | undefined> {
  const text =
    purpose === 'open' ? await askHidden('Passphrase of the vault: ') : await askHiddenTwice('Passphrase for the new vault: ');
  return text === '' ? undefined : new Secret(text);
}
