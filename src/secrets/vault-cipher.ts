// The vault's outer shell: an age file (age-encryption.org/v1), sealed with a passphrase or for the identities of a key file.
import { AppError, type AppErrorOptions } from '../core/errors.ts';
import { Secret } from '../core/secret.ts';
import { shellWord } from '../core/text.ts';

export type VaultKey =
  | { readonly kind: 'passphrase'; readonly passphrase: Secret }
  /** `AGE-SECRET-KEY-…` lines of the file at `path`. */
  | { readonly kind: 'identities'; readonly identities: readonly Secret[]; readonly path: string };

export interface CipherOptions {
  /** Base-2 logarithm of scrypt's cost for passphrases; age's own default is 18, about a second. */
  readonly workFactor?: number;
}

const HEADER = /^age-encryption\.org\/v(\d{1,3})\n-> (\S{1,64})/;
const HEADER_BYTES_MAX = 128;
const FORMAT = '1';

/** Which kind of key opens this file. Throws AppError `vault-damaged`, `vault-newer`. */
export function lockKindOf(bytes: Uint8Array, path: string): VaultKey['kind'] {
  const [, version, recipient] = HEADER.exec(Buffer.from(bytes.subarray(0, HEADER_BYTES_MAX)).toString('latin1')) ?? [];
  if (version === undefined) throw damaged(path, bytes.length === 0 ? 'it is empty' : 'it does not begin like an age file');
  if (version !== FORMAT) throw newer(path);
  return recipient === 'scrypt' ? 'passphrase' : 'identities';
}

export async function seal(text: string, key: VaultKey, { workFactor }: CipherOptions = {}): Promise<Uint8Array> {
  const { Encrypter, identityToRecipient } = await import('age-encryption');
  const encrypter = new Encrypter();
  if (key.kind === 'passphrase') {
    encrypter.setPassphrase(key.passphrase.reveal());
    if (workFactor !== undefined) encrypter.setScryptWorkFactor(workFactor);
  } else {
    for (const identity of key.identities) encrypter.addRecipient(await identityToRecipient(identity.reveal()));
  }
  return encrypter.encrypt(text);
}

/** Throws AppError `vault-locked` when the key does not fit, `vault-damaged` when the key fits and the rest does not. */
export async function unseal(bytes: Uint8Array, key: VaultKey, path: string): Promise<string> {
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  if (key.kind === 'passphrase') decrypter.addPassphrase(key.passphrase.reveal());
  else for (const identity of key.identities) decrypter.addIdentity(identity.reveal());
  let fits = true;
  // Asked last, so being asked means that no key before it fitted.
  decrypter.addIdentity({
    unwrapFileKey: () => {
      fits = false;
      return null;
    },
  });
  try {
    return await decrypter.decrypt(bytes, 'text');
  } catch (cause) {
    throw fits ? damaged(path, 'a part of it is missing or changed', cause) : wrongKey(path, key, cause);
  }
}

/** A new identity in the form of `age-keygen`. */
export async function newIdentityFile(createdAt: number): Promise<string> {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const identity = await generateX25519Identity();
  return `# created: ${new Date(createdAt).toISOString()}\n# public key: ${await identityToRecipient(identity)}\n${identity}\n`;
}

/** The identities in a key file's text. Throws AppError `vault-locked`. */
export async function identitiesIn(text: string, path: string): Promise<readonly Secret[]> {
  const lines = text.split(/\r?\n/).map(line => line.trim());
  const identities = lines.filter(line => line !== '' && !line.startsWith('#'));
  const { identityToRecipient } = await import('age-encryption');
  try {
    if (identities.length === 0) throw new Error('no identity');
    for (const identity of identities) await identityToRecipient(identity);
  } catch (cause) {
    throw new AppError('vault-locked', `${path}: this is no age identity file`, {
      hint: 'It holds a line AGE-SECRET-KEY-1…, as age-keygen writes it; an identity that is itself encrypted is not supported.',
      cause,
    });
  }
  return identities.map(identity => new Secret(identity));
}

function wrongKey(path: string, { kind }: VaultKey, cause: unknown): AppError {
  const message =
    kind === 'passphrase' ? `${path}: the passphrase does not open the vault` : `${path}: the key file does not open the vault`;
  return new AppError('vault-locked', message, {
    hint: `If you are sure of it, the head of the file may be damaged: ${path}.bak is the version before.`,
    cause,
  });
}

export function damaged(path: string, why: string, cause?: unknown): AppError {
  const options: AppErrorOptions = {
    hint: `The version before the last change is kept: cp ${shellWord(`${path}.bak`)} ${shellWord(path)}`,
    ...(cause === undefined ? {} : { cause }),
  };
  return new AppError('vault-damaged', `${path}: the vault is damaged: ${why}`, options);
}

export function newer(path: string): AppError {
  return new AppError('vault-newer', `${path}: the vault was written by a newer version of postrider`, {
    hint: 'Install that version or a later one; nothing was changed.',
  });
}
