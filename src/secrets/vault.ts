// The vault: secrets in one encrypted file that a machine without a keychain can keep.
import { readFile, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { AppError, fileError } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import type { Secret } from '../core/secret.ts';
import { makeFolder } from '../files/make-folder.ts';
import { assertSecretName } from './name.ts';
import { lockFile } from './process-lock.ts';
import {
  type CipherOptions,
  damaged,
  identitiesIn,
  lockKindOf,
  newIdentityFile,
  seal,
  unseal,
  type VaultKey,
} from './vault-cipher.ts';
import { contentText, parseContent, type VaultContent } from './vault-content.ts';
import { removeLeftovers, replaceFile, type StoredFile, systemDisk, type VaultDisk } from './vault-disk.ts';

export interface VaultOptions extends CipherOptions {
  /** Absolute. */
  readonly path: string;
  /** Absolute: an age identity file (POSTRIDER_VAULT_KEY_FILE). */
  readonly keyFile?: string;
  /** The passphrase, asked for once. `create`: for a vault that does not exist yet. */
  readonly passphrase?: (purpose: 'open' | 'create') => Promise<Secret | undefined>;
  readonly clock: Clock;
  readonly random: Random;
  readonly disk?: VaultDisk;
}

interface Opened {
  readonly stamp: string;
  readonly bytes: Uint8Array;
  readonly content: VaultContent;
  readonly key: VaultKey;
}

export class Vault {
  readonly path: string;
  readonly #options: VaultOptions;
  readonly #disk: VaultDisk;
  #opened: Opened | undefined;
  #passphrase: Secret | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: VaultOptions) {
    this.path = options.path;
    this.#options = options;
    this.#disk = options.disk ?? systemDisk;
  }

  /** Whether there is a vault at all; asks for no key. Throws AppError `vault-damaged` when only its backup is left. */
  async exists(): Promise<boolean> {
    return (await this.#stored()) !== undefined;
  }

  /** Undefined when there is no vault, or no such name in it. Throws AppError `vault-locked`, `vault-damaged`, `vault-newer`. */
  async get(name: string): Promise<Secret | undefined> {
    return (await this.#oneAtATime(() => this.#open()))?.content.get(name)?.value;
  }

  /** By name; never the values. */
  async entries(): Promise<readonly { readonly name: string; readonly setAt: number }[]> {
    const opened = await this.#oneAtATime(() => this.#open());
    return [...(opened?.content ?? [])].map(([name, { setAt }]) => ({ name, setAt }));
  }

  /** Before work whose result it must keep: asks now what it would ask then. Throws AppError `vault-locked`, `vault-damaged`, `vault-newer`. */
  async makeReady(): Promise<void> {
    await this.#oneAtATime(async () => {
      if ((await this.#open()) === undefined && this.#options.keyFile === undefined) await this.#keyToCreate();
    });
  }

  async set(name: string, value: Secret): Promise<void> {
    assertSecretName(name);
    const item = { value, setAt: this.#options.clock.now() };
    await this.#change(content => new Map([...content, [name, item]]));
  }

  /** False when it was not there. */
  async delete(name: string): Promise<boolean> {
    if ((await this.#oneAtATime(() => this.#open()))?.content.has(name) !== true) return false;
    await this.#change(content => new Map([...content].filter(([other]) => other !== name)));
    return true;
  }

  /** Reads again under the lock, so that no writer undoes another's work. A person is asked before, not under the lock. */
  #change(change: (content: VaultContent) => VaultContent): Promise<void> {
    return this.#oneAtATime(async () => {
      const { clock, random } = this.#options;
      const newKey = (await this.#open()) === undefined ? await this.#keyToCreate() : undefined;
      const path = await realpath(this.path).catch(() => this.path);
      await makeFolder(dirname(path), { mode: 0o700 }).catch(error => {
        throw fileError(error, dirname(path));
      });
      const release = await lockFile(`${path}.lock`, { clock, random, doing: 'writing the vault', busyCode: 'vault-busy' });
      try {
        await removeLeftovers(path, this.#disk);
        const before = await this.#open();
        const key = before?.key ?? newKey;
        if (key === undefined) throw this.#noKey('passphrase');
        const bytes = await seal(contentText(change(before?.content ?? new Map())), key, this.#options);
        await replaceFile(path, { bytes, before: before?.bytes }, { disk: this.#disk, random });
      } finally {
        await release();
      }
    });
  }

  async #open(): Promise<Opened | undefined> {
    const stored = await this.#stored();
    if (stored === undefined) return undefined;
    if (this.#opened?.stamp === stored.stamp) return this.#opened;
    const key = await this.#keyToOpen(lockKindOf(stored.bytes, this.path));
    const content = parseContent(await unseal(stored.bytes, key, this.path), this.path);
    this.#opened = { ...stored, content, key };
    return this.#opened;
  }

  async #stored(): Promise<StoredFile | undefined> {
    const stored = await this.#disk.read(this.path);
    if (stored !== undefined || (await this.#disk.read(`${this.path}.bak`)) === undefined) return stored;
    // Made by somebody else in between, or gone: a second look tells.
    const again = await this.#disk.read(this.path);
    if (again === undefined) throw damaged(this.path, 'the file is gone, its backup is there');
    return again;
  }

  async #keyToOpen(kind: VaultKey['kind']): Promise<VaultKey> {
    const { keyFile, passphrase } = this.#options;
    if (kind === 'passphrase') {
      this.#passphrase ??= await passphrase?.('open');
      if (this.#passphrase === undefined) throw this.#noKey(kind);
      return { kind, passphrase: this.#passphrase };
    }
    if (keyFile === undefined) throw this.#noKey(kind);
    return { kind, identities: await identitiesIn(await this.#keyText(keyFile), keyFile), path: keyFile };
  }

  /** A key file that is named and not there is made, with a new identity: nothing was ever sealed for it. */
  async #keyToCreate(): Promise<VaultKey> {
    const { keyFile, passphrase, clock } = this.#options;
    if (keyFile === undefined) {
      this.#passphrase ??= await passphrase?.('create');
      if (this.#passphrase === undefined) throw this.#noKey('passphrase');
      return { kind: 'passphrase', passphrase: this.#passphrase };
    }
    if ((await this.#disk.read(keyFile)) === undefined) {
      await this.#disk.create(keyFile, Buffer.from(await newIdentityFile(clock.now())));
    }
    return this.#keyToOpen('identities');
  }

  async #keyText(keyFile: string): Promise<string> {
    try {
      return await readFile(keyFile, 'utf8');
    } catch (cause) {
      throw new AppError('vault-locked', `the vault’s key file cannot be read: ${fileError(cause, keyFile).message}`, {
        hint: 'POSTRIDER_VAULT_KEY_FILE names the age identity file that opens the vault.',
        cause,
      });
    }
  }

  #noKey(kind: VaultKey['kind']): AppError {
    const [what, hint] =
      kind === 'passphrase'
        ? ['a passphrase', 'Set POSTRIDER_VAULT_PASSPHRASE, or run it in a terminal to be asked.']
        : ['an age identity file', 'Name it in POSTRIDER_VAULT_KEY_FILE.'];
    return new AppError('vault-locked', `${this.path}: the vault needs ${what}`, { hint });
  }

  /** Within this process: a person is asked once, and the costly key derivation is done once. */
  #oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work, work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}
