// Where a secret comes from, in order: environment, systemd credentials, container secrets, the system keychain, the vault.
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { Secret } from '../core/secret.ts';
import { environmentName, secretFromEnvironment } from './environment.ts';
import { secretFromFolder } from './folder.ts';
import { isKeychainLocked, secretFromKeychain } from './keychain.ts';
import { assertSecretName } from './name.ts';

export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Looked at after the environment. Default: `$CREDENTIALS_DIRECTORY` and `/run/secrets`. */
  readonly folders?: readonly string[];
  /** Ask the system's keychain too. Default true. */
  readonly keychain?: boolean;
  /** Asked last. */
  readonly vault?: { readonly path: string; get(name: string): Promise<Secret | undefined> };
}

export type SecretBackend = 'environment' | 'file' | 'keychain' | 'vault';

export interface FoundSecret {
  readonly backend: SecretBackend;
  /** The variable or path that has it; for the keychain its own name. */
  readonly place: string;
  readonly value: Secret;
}

/** Throws AppError `secret-missing` when no source has it, `secret-name` when it is no name, and what the vault says. */
export async function resolveSecret(name: string, sources: SecretSources): Promise<Secret> {
  const found = await findSecret(name, sources);
  if (found !== undefined) return found.value;
  const locked = (sources.keychain ?? true) && (await isKeychainLocked(sources.env));
  throw new AppError(
    'secret-missing',
    `the secret ${name} is nowhere to be found${locked ? ', and the keychain is locked' : ''}`,
    {
      hint: `${locked ? 'Unlock the keychain if it is there. ' : ''}Store it with \`postrider secret set ${name}\`, set ${environmentName(name)}, or put it into a file named ${name} in $CREDENTIALS_DIRECTORY or /run/secrets.`,
    },
  );
}

/** The first source that has it. Throws like resolveSecret, but for `secret-missing`. */
export async function findSecret(name: string, sources: SecretSources): Promise<FoundSecret | undefined> {
  assertSecretName(name);
  return (await findOutsideVault(name, sources)) ?? (await fromVault(name, sources));
}

/** The same without the vault, which may need a key. */
export async function findOutsideVault(name: string, sources: SecretSources): Promise<FoundSecret | undefined> {
  const variable = secretFromEnvironment(name, sources.env);
  if (variable !== undefined) return { backend: 'environment', place: environmentName(name), value: new Secret(variable) };
  for (const folder of secretFolders(sources)) {
    const text = await secretFromFolder(name, folder);
    if (text !== undefined) return { backend: 'file', place: join(folder, name), value: new Secret(text) };
  }
  const entry = (sources.keychain ?? true) ? await secretFromKeychain(name) : undefined;
  return entry === undefined ? undefined : { backend: 'keychain', place: 'keychain', value: new Secret(entry) };
}

async function fromVault(name: string, { vault }: SecretSources): Promise<FoundSecret | undefined> {
  const value = await vault?.get(name);
  return vault === undefined || value === undefined ? undefined : { backend: 'vault', place: vault.path, value };
}

export function secretFolders({ env, folders }: SecretSources): readonly string[] {
  const credentials = env['CREDENTIALS_DIRECTORY'];
  return folders ?? [...(credentials === undefined || credentials === '' ? [] : [credentials]), '/run/secrets'];
}
