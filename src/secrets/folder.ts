// Secrets in files, one a name: systemd's $CREDENTIALS_DIRECTORY and containers' /run/secrets.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, fileError } from '../core/errors.ts';
import { SECRET_NAME } from './name.ts';

const SECRET_BYTES_MAX = 64 * 1024;

/** The file's text without its last line end, or undefined when there is no such file. Throws AppError when it cannot be read. */
export async function secretFromFolder(name: string, folder: string): Promise<string | undefined> {
  const path = join(folder, name);
  try {
    const { size } = await stat(path);
    if (size > SECRET_BYTES_MAX)
      throw new AppError('secret-too-big', `${path} holds more than ${SECRET_BYTES_MAX} bytes`, {
        hint: 'A secret is a password or a token, not a file.',
      });
    return (await readFile(path, 'utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw fileError(error, path);
  }
}

/** Names and times of all files that may be secrets; none when there is no such folder, or when it may not be read. */
export async function secretsInFolder(folder: string): Promise<readonly { readonly name: string; readonly setAt: number }[]> {
  const names = await readdir(folder).catch(() => []);
  const files = await Promise.all(
    names
      .filter(name => SECRET_NAME.test(name))
      .map(async name => ({ name, facts: await stat(join(folder, name)).catch(() => undefined) })),
  );
  return files.flatMap(({ name, facts }) => (facts?.isFile() ? [{ name, setAt: facts.mtimeMs }] : []));
}
