// The system's keychain through keytar, loaded only when asked: a machine without one works without a word about it.
import { execFile } from 'node:child_process';
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

/** Throws AppError `keychain-missing`, `keychain-locked`. */
export async function keychainNames(): Promise<readonly string[]> {
  if (process.platform !== 'linux')
    return ask(async keytar => (await keytar.findCredentials(SERVICE)).map(({ account }) => account));
  const answer = await namesOutside();
  if ('names' in answer) return answer.names;
  throw unusable(answer.error);
}

/** True where there is a keychain that gives nothing away just now, not even that it has something. */
export async function isKeychainLocked(env: Readonly<Record<string, string | undefined>>): Promise<boolean> {
  if (process.platform !== 'linux' || (env['DBUS_SESSION_BUS_ADDRESS'] ?? '') === '') return false;
  const answer = await namesOutside();
  return 'error' in answer && answer.error === LOCKED;
}

const LOCKED = 'it is locked';

/**
 * In a process of its own, and one that leaves no core behind: where a keyring is locked, libsecret gives keytar no value for a name, and
 * keytar ends the whole process by reading it.
 */
async function namesOutside(): Promise<{ readonly names: readonly string[] } | { readonly error: string }> {
  const script = `const say = answer => require('node:fs').writeSync(1, JSON.stringify(answer));
(async () => require(process.argv[1]).findCredentials(${JSON.stringify(SERVICE)}))()
  .then(found => say({ names: found.map(({ account }) => account) }), error => say({ error: error.message }));`;
  let path: string;
  try {
    path = createRequire(import.meta.url).resolve('keytar');
  } catch (error) {
    return { error: String(error) };
  }
  return new Promise(done => {
    const words = ['-c', 'ulimit -c 0; exec "$@"', 'sh', process.execPath, '-e', script, path];
    execFile('/bin/sh', words, (error, stdout) => {
      if (stdout !== '') done(JSON.parse(stdout) as { names: string[] });
      else done({ error: error?.signal === 'SIGSEGV' || error?.code === SEGMENTATION_FAULT ? LOCKED : String(error?.message) });
    });
  });
}

/** As a shell reports the signal. */
const SEGMENTATION_FAULT = 139;

/** Throws AppError `keychain-missing`, `keychain-locked`. */
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
    throw unusable(error instanceof Error ? error.message : String(error), error);
  }
}

function unusable(reason: string, cause?: unknown): AppError {
  if (/\block/i.test(reason)) return lockedKeychain('the system’s keychain cannot be used: it is locked', cause);
  return new AppError('keychain-missing', `the system’s keychain cannot be used: ${whatIsMissing(reason)}`, {
    hint: `${HOW_TO_GET[process.platform] ?? ''}${INSTEAD}`,
    cause,
  });
}

export function lockedKeychain(message: string, cause?: unknown): AppError {
  return new AppError('keychain-locked', message, { hint: `${HOW_TO_UNLOCK}${INSTEAD}`, cause });
}

const INSTEAD = 'Or use the vault (`--backend vault`), the environment or a file.';

const HOW_TO_UNLOCK =
  'Unlock it: sign in on the desktop, or start the keyring with its password (gnome-keyring-daemon --unlock). ';

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
