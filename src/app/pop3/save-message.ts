// A message of a POP3 mailbox into a new file: its exact octets, or no file.
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AppError, fileError } from '../../core/errors.ts';
import { makeFolder } from '../../files/make-folder.ts';
import type { Pop3Client } from '../../protocols/pop3/index.ts';

/** Throws AppError when `path` exists, or cannot be written; a message that does not come whole leaves no file. */
export async function saveMessage(client: Pop3Client, number: number, path: string): Promise<void> {
  const file = await open(path, 'wx', 0o600).catch(error => {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? isThere(path) : fileError(error, path);
  });
  try {
    await pipeline(client.retrieve(number), file.createWriteStream());
  } catch (error) {
    await rm(path, { force: true });
    throw error instanceof AppError ? error : fileError(error, path);
  }
}

function isThere(path: string): AppError {
  return new AppError('file-in-the-way', `${path} is there already, and is not replaced`, {
    hint: 'Name another one, or move it away.',
  });
}

/** `NUMBER.eml` for each, in a folder that is made if need be; `saved` is called after each. Files that are there are never replaced. */
export async function saveMessages(
  client: Pop3Client,
  { numbers, folder, saved }: { numbers: readonly number[]; folder: string; saved: (path: string) => void },
): Promise<void> {
  await makeFolder(folder).catch(error => {
    throw fileError(error, folder);
  });
  for (const number of new Set(numbers)) {
    const path = join(folder, `${number}.eml`);
    await saveMessage(client, number, path);
    saved(path);
  }
}
