// The vault: what is put in comes out, whoever else writes, wherever a writer dies, and nothing wrong is taken for "no secret".
import { spawn } from 'node:child_process';
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { systemRandom } from '../../src/core/random.ts';
import { Secret } from '../../src/core/secret.ts';
import { lockFile } from '../../src/secrets/process-lock.ts';
import { Vault, type VaultOptions } from '../../src/secrets/vault.ts';
import { systemDisk, type VaultDisk } from '../../src/secrets/vault-disk.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';

const PASSPHRASE = 'correct horse battery staple';
const WRITERS = 50;
/** The campaign takes 10,000 and 200. */
const CORRUPTIONS = Number(process.env['CORRUPTIONS'] ?? 1_000);
const KILLS = Number(process.env['KILLS'] ?? 5);

let dir: TempDir;
let path: string;
let keyFile: string;
let identity: string;
beforeEach(async () => {
  dir = await tempDir();
  path = join(dir.path, 'state/vault.age');
  keyFile = join(dir.path, 'key.txt');
  identity = await generateX25519Identity();
  await writeFile(keyFile, `# a comment\n${identity}\n`);
});
afterEach(() => dir.remove());

const vault = (options: Partial<VaultOptions> = {}) =>
  new Vault({ path, clock: systemClock, random: systemRandom, workFactor: 4, ...options });
const withKey = (options: Partial<VaultOptions> = {}) => vault({ keyFile, ...options });
const withPassphrase = (text = PASSPHRASE) => vault({ passphrase: async () => new Secret(text) });
const value = async (from: Vault, name: string) => (await from.get(name))?.reveal();
const refusal = (code: string) => expect.objectContaining({ code, retry: 'never', hint: expect.any(String) });

it('a file larger than any vault is not read', async () => {
  await mkdir(join(dir.path, 'state'));
  const size = 8 * 1024 ** 2;
  await writeFile(path, Buffer.alloc(size));
  await expect(withKey().get('web')).rejects.toThrow(/^(?!.*larger than).*/);
  await writeFile(path, Buffer.alloc(size + 1));
  await expect(withKey().get('web')).rejects.toThrow(/larger than any vault/);
});

describe.each([
  ['a key file', () => withKey()],
  ['a passphrase', () => withPassphrase()],
])('a vault with %s', (_kind, open) => {
  it('keeps, replaces and forgets', async () => {
    const first = open();
    expect(await first.exists()).toBe(false);
    expect(await first.get('web')).toBeUndefined();
    expect(await first.delete('web')).toBe(false);
    await first.set('web', new Secret('päss "word"\n'));
    await first.set('inbox', new Secret('two'));
    const second = open();
    expect([await value(second, 'web'), await value(second, 'inbox'), await value(second, 'other')]).toEqual([
      'päss "word"\n',
      'two',
      undefined,
    ]);
    await first.set('web', new Secret('new'));
    expect(await value(second, 'web')).toBe('new');
    expect(await second.delete('web')).toBe(true);
    expect(await value(first, 'web')).toBeUndefined();
    expect((await first.entries()).map(({ name }) => name)).toEqual(['inbox']);
  });

  it('is private to its owner, shows nothing, and leaves only itself and the version before', async () => {
    await open().set('ftp-password', new Secret('c4n4ry'));
    await open().set('ftp-password', new Secret('c4n4ry2'));
    expect((await readdir(join(dir.path, 'state'))).sort()).toEqual(['vault.age', 'vault.age.bak']);
    expect((await stat(join(dir.path, 'state'))).mode & 0o777).toBe(0o700);
    for (const file of [path, `${path}.bak`]) {
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect(await readFile(file, 'latin1')).not.toMatch(/c4n4ry|ftp-password/);
    }
    await rename(`${path}.bak`, path);
    expect(await value(open(), 'ftp-password')).toBe('c4n4ry');
  });
});

describe('keys', () => {
  it('a wrong passphrase, a foreign key and no key at all are refused', async () => {
    await withPassphrase().set('web', new Secret('x'));
    await expect(withPassphrase('wrong').get('web')).rejects.toEqual(refusal('vault-locked'));
    await expect(withPassphrase('wrong').set('web', new Secret('y'))).rejects.toEqual(refusal('vault-locked'));
    await expect(withKey().get('web')).rejects.toThrow('needs a passphrase');
    await expect(vault().get('web')).rejects.toEqual(refusal('vault-locked'));
    expect(await value(withPassphrase(), 'web')).toBe('x');
  });

  it('a vault for identities says so to who has a passphrase', async () => {
    await withKey().set('web', new Secret('x'));
    await expect(withPassphrase().get('web')).rejects.toThrow('needs an age identity file');
    await writeFile(keyFile, await generateX25519Identity());
    await expect(withKey().get('web')).rejects.toEqual(refusal('vault-locked'));
    await rm(keyFile);
    await expect(withKey().get('web')).rejects.toEqual(refusal('vault-locked'));
    await writeFile(keyFile, 'nonsense');
    await expect(withKey().get('web')).rejects.toThrow('no age identity file');
  });

  it('a key file that does not exist is made for a new vault, private', async () => {
    await rm(keyFile);
    await withKey().set('web', new Secret('x'));
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    expect(await readFile(keyFile, 'utf8')).toMatch(/^# created: .*\n# public key: age1\S+\nAGE-SECRET-KEY-1\S+\n$/);
    expect(await value(withKey(), 'web')).toBe('x');
  });

  it('made ready before work whose result it must keep: asks then, and not again; makes no file', async () => {
    await expect(vault().makeReady()).rejects.toThrow('needs a passphrase');
    const asked: string[] = [];
    const passphrase = async (purpose: string) => {
      asked.push(purpose);
      return new Secret(PASSPHRASE);
    };
    const ready = vault({ passphrase });
    await ready.makeReady();
    expect([asked, await ready.exists()]).toEqual([['create'], false]);
    await ready.set('web', new Secret('x'));
    expect(asked).toEqual(['create']);
    await expect(withPassphrase('wrong').makeReady()).rejects.toEqual(refusal('vault-locked'));
    await rm(keyFile);
    await vault({ path: `${path}2`, keyFile }).makeReady();
    await expect(stat(keyFile)).rejects.toThrow('ENOENT');
  });

  it('asks a person once, and only when there is something to open', async () => {
    const asked: string[] = [];
    const passphrase = async (purpose: string) => {
      asked.push(purpose);
      return new Secret(PASSPHRASE);
    };
    const empty = vault({ passphrase });
    await empty.get('web');
    expect(asked).toEqual([]);
    await empty.set('web', new Secret('x'));
    const later = vault({ passphrase });
    await Promise.all([later.get('web'), later.get('inbox'), later.get('web')]);
    await later.set('inbox', new Secret('y'));
    expect(asked).toEqual(['create', 'open']);
  });
});

describe('damage', () => {
  it('a newer format is said to be newer, inside and outside', async () => {
    await withKey().set('web', new Secret('x'));
    const text = await readFile(path, 'latin1');
    await writeFile(path, text.replace('age-encryption.org/v1', 'age-encryption.org/v2'), 'latin1');
    await expect(withKey().get('web')).rejects.toEqual(refusal('vault-newer'));
    await writeFile(path, await sealed('{"postrider-vault": 2, "secrets": []}'));
    await expect(withKey().get('web')).rejects.toEqual(refusal('vault-newer'));
    await expect(withKey().set('web', new Secret('y'))).rejects.toEqual(refusal('vault-newer'));
  });

  it.each([
    '',
    'no json c4n4ry',
    '[]',
    '{"postrider-vault":1}',
    '{"postrider-vault":1,"secrets":{"web":{"value":"c4n4ry"}}}',
  ])('content %j is damage, and not quoted', async content => {
    await writeVault(await sealed(content));
    const error = await withKey()
      .get('web')
      .catch(e => e);
    expect(error).toEqual(refusal('vault-damaged'));
    expect(`${error.message} ${error.cause}`).not.toContain('c4n4ry');
  });

  it('an empty file, and one that is gone while its backup is there', async () => {
    await withKey().set('web', new Secret('x'));
    await withKey().set('web', new Secret('y'));
    await rm(path);
    await expect(withKey().get('web')).rejects.toEqual(refusal('vault-damaged'));
    await expect(withKey().set('web', new Secret('z'))).rejects.toEqual(refusal('vault-damaged'));
    await writeFile(path, '');
    await expect(withKey().get('web')).rejects.toEqual(refusal('vault-damaged'));
    await copyFile(`${path}.bak`, path);
    expect(await value(withKey(), 'web')).toBe('x');
  });

  it('a file that may not be read is locked, not empty', async () => {
    await withKey().set('web', new Secret('x'));
    await chmod(path, 0o000);
    if (process.getuid?.() !== 0) await expect(withKey().get('web')).rejects.toEqual(refusal('vault-locked'));
    await rm(path);
    await mkdir(path);
    await expect(withKey().get('web')).rejects.toMatchObject({ code: 'vault-locked' });
  });

  it(`${CORRUPTIONS} corrupted files: each is refused or read right, none is taken for an empty vault`, async () => {
    await withKey().set('web', new Secret('x'.repeat(40)));
    const good = await readFile(path);
    const random = lottery(20261123);
    const outcomes = new Map<string, number>();
    let bytes: Uint8Array = good;
    const disk: VaultDisk = {
      ...systemDisk,
      read: async file => (file === path ? { bytes, stamp: String(random(2 ** 30)) } : undefined),
    };
    for (let i = 0; i < CORRUPTIONS; i++) {
      do bytes = corrupted(good, random);
      while (good.equals(bytes));
      const outcome = await withKey({ disk })
        .get('web')
        .then(
          secret => (secret?.reveal() === 'x'.repeat(40) ? 'right' : `wrong: ${secret}`),
          error => error.code as string,
        );
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect([...outcomes.keys()].filter(outcome => !['vault-damaged', 'vault-locked', 'vault-newer'].includes(outcome))).toEqual(
      [],
    );
    expect(outcomes.get('vault-damaged')).toBeGreaterThan(CORRUPTIONS / 2);
  });
});

describe('many writers', () => {
  it(`${WRITERS} at once lose nothing`, async () => {
    const names = Array.from({ length: WRITERS }, (_, i) => `name-${i}`);
    await Promise.all(names.map(name => withKey().set(name, new Secret(`value of ${name}`))));
    const after = withKey();
    expect((await after.entries()).length).toBe(WRITERS);
    for (const name of names) expect(await value(after, name)).toBe(`value of ${name}`);
    expect((await readdir(join(dir.path, 'state'))).sort()).toEqual(['vault.age', 'vault.age.bak']);
  });

  it('a lock of a dead process is taken over by one of many, a lock of a living one never', async () => {
    const lock = `${path}.lock`;
    await withKey().set('a', new Secret('1'));
    const child = spawn(process.execPath, ['-e', '']);
    await new Promise(resolve => child.on('exit', resolve));
    await writeFile(lock, JSON.stringify({ pid: child.pid, host: hostname(), started: '', nonce: 'aa' }));
    await Promise.all(['b', 'c', 'd', 'e'].map(name => withKey().set(name, new Secret(name))));
    expect((await withKey().entries()).map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd', 'e']);

    for (const text of [JSON.stringify({ pid: 1, host: 'elsewhere', started: '', nonce: 'bb' }), 'garbage']) {
      await writeFile(lock, text);
      await expect(
        lockFile(lock, { clock: hastyClock(), random: systemRandom, doing: 'writing', busyCode: 'vault-busy' }),
      ).rejects.toMatchObject({
        code: 'vault-busy',
        retry: 'later',
      });
      expect(await readFile(lock, 'utf8')).toBe(text);
    }
  });
});

describe('a writer that is killed', () => {
  it('at any step, in the middle of any write: the vault before or the vault after is there, and the next writer goes on', async () => {
    let deaths = 0;
    for (let at = 0; ; at++) {
      await rm(join(dir.path, 'state'), { recursive: true, force: true });
      await withKey().set('web', new Secret('old'));
      await withKey().set('web', new Secret('before'));
      const killed = await writerKilledAt(at);
      expect(['before', 'after']).toContain(await value(withKey(), 'web'));
      // The lock of the dead is no obstacle.
      await withKey().set('next', new Secret('goes on'));
      expect((await readdir(join(dir.path, 'state'))).sort()).toEqual(['vault.age', 'vault.age.bak']);
      if (!killed) break;
      deaths += 1;
    }
    expect(deaths).toBeGreaterThan(5);
  });

  it(`${KILLS} times at a moment of chance while it writes and writes: nothing that was said to be stored is lost`, async () => {
    const random = lottery(20261126);
    let last = 0;
    for (let i = 0; i < KILLS; i++) {
      const stored = await writerKilledAfter(random(6), last);
      const found = Number(await value(withKey(), 'count'));
      expect([stored, stored + 1]).toContain(found);
      last = found;
    }
    const state = join(dir.path, 'state');
    for (const name of await readdir(state)) await utimes(join(state, name), 0, 0);
    await withKey().set('next', new Secret('goes on'));
    expect((await readdir(join(dir.path, 'state'))).sort()).toEqual(['vault.age', 'vault.age.bak']);
  }, 3_600_000);
});

function startWriter(...args: readonly string[]) {
  const worker = join(import.meta.dirname, 'vault.worker.ts');
  return spawn(process.execPath, [worker, path, keyFile, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** A process that kills itself at the step of that number; false when it ended before. */
function writerKilledAt(step: number): Promise<boolean> {
  const child = startWriter('die-at', String(step));
  return new Promise((resolve, reject) => {
    child.on('exit', (code, signal) =>
      code === null || code === 0 ? resolve(signal === 'SIGKILL') : reject(new Error(`exit ${code}`)),
    );
  });
}

/** A process that counts up in the vault, killed when it has said so often that a number is stored; resolves with the last it said. */
function writerKilledAfter(times: number, from: number): Promise<number> {
  const child = startWriter('count-from', String(from));
  let text = '';
  child.stdout.on('data', chunk => {
    text += chunk;
    if (text.split('\n').length > times) child.kill('SIGKILL');
  });
  return new Promise(resolve => child.on('close', () => resolve(Number(text.trimEnd().split('\n').at(-1)) || from)));
}

/** Waiting takes no time; the hour moves on all the same. */
function hastyClock(): Clock {
  let now = 0;
  return {
    ...systemClock,
    elapsed: () => now,
    sleep: async ms => {
      now += ms;
    },
  };
}

async function sealed(text: string): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(await identityToRecipient(identity));
  return encrypter.encrypt(text);
}

async function writeVault(bytes: Uint8Array): Promise<void> {
  await systemDisk.create(path, bytes);
}

function lottery(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A flipped bit, a cut, a hole of zeros, a doubled or a foreign piece. */
function corrupted(good: Buffer, random: (below: number) => number): Buffer {
  const at = random(good.length);
  const bytes = Buffer.from(good);
  switch (random(5)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
      return bytes;
    case 1:
      return bytes.subarray(0, at);
    case 2: {
      const end = Math.min(good.length, at + 1 + random(64));
      bytes.fill(0, at, end);
      return bytes;
    }
    case 3:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from('x'), bytes.subarray(at)]);
    default:
      return Buffer.concat([bytes, bytes.subarray(at)]);
  }
}
