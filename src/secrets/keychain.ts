// The system's keychain through keytar, loaded only when asked: a machine without one works without a word about it.
import { createRequire } from 'node:module';
import { AppError } from '../core/errors.ts';
import type { Secret } from '../core/secret.ts';

const SERVICE = 'postrider';

/** Undefined when the keychain has no such entry, or when this machine has no keychain. */
export async function secretFromKeychain(name: string): Promise<string | undefined> {
  try {
    return (await loadKeytar().getPassword(SERVICE, name)) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Throws AppError `keychain-missing`. */
export async function keychainNames(): Promise<readonly string[]> {
  return ask(async keytar => (await keytar.findCredentials(SERVICE)).map(({ account }) => account));
}

/** Throws AppError `keychain-missing`. */
export async function storeInKeychain(name: string, value: Secret): Promise<void> {
  await ask(keytar => keytar.setPassword(SERVICE, name, value.reveal()));
}

/** False when it was not there. Throws AppError `keychain-missing`. */
export async function deleteFromKeychain(name: string): Promise<boolean> {
  return ask(keytar => keytar.deletePassword(SERVICE, name));
}

type Keytar = Pick<typeof import('keytar'), 'getPassword' | 'setPassword' | 'deletePassword' | 'findCredentials'>;

/** Not by import(), of which Node says to everybody that it is experimental in what bin/load.js loads. */
function loadKeytar(): Keytar {
  return createRequire(import.meta.url)('keytar');
}

async function ask<T>(question: (keytar: Keytar) => Promise<T>): Promise<T> {
  try {
    return await question(loadKeytar());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError('keychain-missing', `the system’s keychain cannot be used: ${whatIsMissing(reason)}`, {
      hint: `${HOW_TO_GET[process.platform] ?? ''}Or use the vault (\`--backend vault\`), the environment or a file.`,
      cause: error,
    });
  }
}

const HOW_TO_GET: Readonly<Record<string, string>> = {
  linux: 'It needs libsecret (apt install libsecret-1-0), a D-Bus session and a keyring such as gnome-keyring. ',
};

/** The reasons are those of keytar, libsecret and GLib; they are only made readable here, never decided by. */
function whatIsMissing(reason: string): string {
  if (/Cannot find (package|module)/.test(reason)) return 'the package keytar is not installed';
  if (/Failed to load keytar native addon/.test(reason)) return 'keytar finds no libsecret on this machine';
  if (/D-?Bus/i.test(reason)) return `there is no D-Bus session (${reason})`;
  return reason;
}
