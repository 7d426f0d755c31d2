// Where a secret comes from, in order: environment, systemd credentials, container secrets, the system keychain.
import { AppError } from '../core/errors.ts';
import { Secret } from '../core/secret.ts';
import { environmentName, secretFromEnvironment } from './environment.ts';
import { secretFromFolder } from './folder.ts';
import { secretFromKeychain } from './keychain.ts';

export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Looked at after the environment. Default: `$CREDENTIALS_DIRECTORY` and `/run/secrets`. */
  readonly folders?: readonly string[];
  /** Ask the system's keychain too. Default true. */
  readonly keychain?: boolean;
}

export const SECRET_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** Throws AppError `secret-missing` when no source has it, `secret-name` when it is no name. */
export async function resolveSecret(name: string, sources: SecretSources): Promise<Secret> {
  if (!SECRET_NAME.test(name)) {
    throw new AppError('secret-name', `${JSON.stringify(name)} is no name for a secret`, {
      hint: 'Use letters, digits, - and _; start with a letter.',
    });
  }
  const value =
    secretFromEnvironment(name, sources.env) ?? (await fromFolders(name, sources)) ?? (await fromKeychain(name, sources));
  if (value !== undefined) return new Secret(value);
  throw new AppError('secret-missing', `the secret ${name} is nowhere to be found`, {
    hint: `Set ${environmentName(name)}, or put it into a file named ${name} in $CREDENTIALS_DIRECTORY or /run/secrets, or into the system keychain.`,
  });
}

async function fromFolders(name: string, { env, folders }: SecretSources): Promise<string | undefined> {
  const credentials = env['CREDENTIALS_DIRECTORY'];
  for (const folder of folders ?? [...(credentials === undefined ? [] : [credentials]), '/run/secrets']) {
    const value = await secretFromFolder(name, folder);
    if (value !== undefined) return value;
  }
  return undefined;
}

async function fromKeychain(name: string, { keychain = true }: SecretSources): Promise<string | undefined> {
  return keychain ? secretFromKeychain(name) : undefined;
}
