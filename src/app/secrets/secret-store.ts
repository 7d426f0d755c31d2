// Secrets put away, listed by name and taken out again; values go in, and never come out here.
import { AppError } from '../../core/errors.ts';
import { Secret } from '../../core/secret.ts';
import { askHidden, readAnswer } from '../../progress/prompt.ts';
import { environmentName, secretsInEnvironment } from '../../secrets/environment.ts';
import { secretsInFolder } from '../../secrets/folder.ts';
import { deleteFromKeychain, isKeychainLocked, keychainNames, lockedKeychain, storeInKeychain } from '../../secrets/keychain.ts';
import { assertNameGiven } from '../../secrets/name.ts';
import { findOutsideVault, type SecretBackend, secretFolders } from '../../secrets/resolver.ts';
import type { Workspace } from '../workspace.ts';
import { secretsOf } from './secrets.ts';

export type StoringBackend = 'keychain' | 'vault';

export interface ListedSecret {
  readonly name: string;
  readonly backend: SecretBackend;
  /** Variable, path or keychain. */
  readonly place: string;
  /** Epoch milliseconds, where the backend knows. */
  readonly setAt?: number;
}

/** Asks a person without echo, or reads standard input. Resolves with where it went. */
export async function setSecret(name: string, backend: StoringBackend, workspace: Workspace): Promise<string> {
  assertNameGiven(name, 'secret');
  const { vault, askPerson } = secretsOf(workspace);
  const text = process.stdin.isTTY ? await askHidden(`Value of ${name}: `) : await readAnswer();
  if (text === '') throw new AppError('secret-empty', 'the value is empty', { hint: 'Nothing was changed.' });
  askPerson();
  if (backend === 'keychain') await storeInKeychain(name, new Secret(text));
  else await vault.set(name, new Secret(text));
  return backend === 'keychain' ? 'the keychain' : vault.path;
}

/** By name. A machine without a keychain lists none; `locked` says of one that is there what it does not say. Throws what the vault says. */
export async function listSecrets(
  workspace: Workspace,
): Promise<{ readonly secrets: readonly ListedSecret[]; readonly locked: boolean }> {
  const { vault, sources, askPerson } = secretsOf(workspace);
  askPerson();
  const inFolders = await Promise.all(
    secretFolders(sources).map(async folder =>
      (await secretsInFolder(folder)).map(file => ({ ...file, backend: 'file' as const, place: `${folder}/${file.name}` })),
    ),
  );
  const inKeychain = await keychainNames().catch(error => (isLocked(error) ? undefined : []));
  const all: ListedSecret[] = [
    ...secretsInEnvironment(sources.env).map(name => ({ name, backend: 'environment' as const, place: environmentName(name) })),
    ...inFolders.flat(),
    ...(inKeychain ?? []).map(name => ({ name, backend: 'keychain' as const, place: 'keychain' })),
    ...(await vault.entries()).map(entry => ({ ...entry, backend: 'vault' as const, place: vault.path })),
  ];
  const secrets = all.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return { secrets, locked: inKeychain === undefined };
}

function isLocked(error: unknown): boolean {
  return error instanceof AppError && error.code === 'keychain-locked';
}

/**
 * From that backend, or from both. Resolves with where it was, where it still is, and whether the keychain did not say. Throws AppError
 * `secret-missing` when there was none, `keychain-locked` when it is not known.
 */
export async function deleteSecret(
  name: string,
  backend: StoringBackend | undefined,
  workspace: Workspace,
): Promise<{ readonly from: readonly StoringBackend[]; readonly remains: string | undefined; readonly locked: boolean }> {
  assertNameGiven(name, 'secret');
  const { vault, sources, askPerson } = secretsOf(workspace);
  askPerson();
  const from: StoringBackend[] = [];
  if (backend !== 'vault' && (await inKeychain(name, backend))) from.push('keychain');
  if (backend !== 'keychain' && (await vault.delete(name))) from.push('vault');
  const remains = (await findOutsideVault(name, sources))?.place;
  const locked = backend !== 'vault' && !from.includes('keychain') && (await isKeychainLocked(sources.env));
  if (from.length > 0) return { from, remains, locked };
  if (locked) throw lockedKeychain(`whether ${name} is in the keychain is not known, and nothing was deleted: it is locked`);
  throw new AppError(
    'secret-missing',
    `the secret ${name} is not in ${backend === undefined ? 'keychain or vault' : `the ${backend}`}`,
    {
      hint:
        remains === undefined ? 'See what there is with `postrider secret list`.' : `It comes from ${remains}; remove it there.`,
    },
  );
}

/** A keychain that is missing matters only to who asked for it. */
async function inKeychain(name: string, asked: StoringBackend | undefined): Promise<boolean> {
  const deleted = deleteFromKeychain(name);
  return asked === 'keychain' ? deleted : deleted.catch(() => false);
}
