import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { environmentName } from '../../src/secrets/environment.ts';
import { resolveSecret } from '../../src/secrets/resolver.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';

let dir: TempDir;
beforeAll(async () => {
  dir = await tempDir();
  for (const folder of ['first', 'second']) await mkdir(join(dir.path, folder));
  await writeFile(join(dir.path, 'first/web'), 'from-file\n');
  await writeFile(join(dir.path, 'second/web'), 'from-second');
  await writeFile(join(dir.path, 'second/two-lines'), 'a\nb\r\n');
  await writeFile(join(dir.path, 'second/huge'), Buffer.alloc(65 * 1024));
});
afterAll(() => dir.remove());

const resolve = (name: string, env: Record<string, string> = {}) =>
  resolveSecret(name, { env, folders: [join(dir.path, 'first'), join(dir.path, 'second')], keychain: false }).then(secret =>
    secret.reveal(),
  );

describe('resolveSecret', () => {
  it('prefers the environment, then the folders in order', async () => {
    expect(await resolve('web', { POSTRIDER_SECRET_WEB: 'from-env' })).toBe('from-env');
    expect(await resolve('web')).toBe('from-file');
    expect(await resolve('web', { POSTRIDER_SECRET_WEB: '' })).toBe('from-file');
  });

  it('cuts only the last line end off a file', async () => {
    expect(await resolve('two-lines')).toBe('a\nb');
  });

  it('says what is missing and where it could be', async () => {
    await expect(resolve('ftp-password')).rejects.toMatchObject({
      code: 'secret-missing',
      hint: expect.stringContaining('POSTRIDER_SECRET_FTP_PASSWORD'),
    });
  });

  it('refuses files that are no secrets', async () => {
    await expect(resolve('huge')).rejects.toMatchObject({ code: 'secret-too-big' });
  });

  it.each(['', '../etc/passwd', 'a/b', '-x', '1x', 'x'.repeat(65), 'ä'])('%j is no name', async name => {
    await expect(resolve(name)).rejects.toMatchObject({ code: 'secret-name' });
  });

  it('asks systemd’s credentials folder and works without a keychain', async () => {
    const env = { CREDENTIALS_DIRECTORY: join(dir.path, 'second') };
    expect((await resolveSecret('web', { env })).reveal()).toBe('from-second');
    await expect(resolveSecret('nowhere-at-all', { env })).rejects.toMatchObject({ code: 'secret-missing' });
  });
});

describe('environmentName', () => {
  it('is in capitals, with underscores', () => expect(environmentName('ftp-password')).toBe('POSTRIDER_SECRET_FTP_PASSWORD'));
});
