// Gives a file on the server its final name, over whatever bears it.
import { AppError, RefusedError } from '../../../core/errors.ts';
import { printable } from '../../../core/text.ts';
import type { FtpClient } from '../../../protocols/ftp/index.ts';
import { siblingOf } from '../trees/paths.ts';
import { listed, orRefused, remoteExists, remoteSize } from '../trees/remote-facts.ts';
import { tempName } from '../trees/temp-name.ts';

export interface Renaming {
  /** The file's size when an earlier try may have succeeded unheard. */
  readonly done: number | undefined;
  readonly note: (message: string) => void;
}

/** For a server that refuses to replace, the old file steps aside first, and comes back when that does not help. */
export async function renameOver(client: FtpClient, from: string, to: string, { done, note }: Renaming): Promise<void> {
  const aside = siblingOf(to, tempName({ path: `${to}/aside`, size: undefined, modifiedAt: undefined }));
  try {
    await client.rename(from, to);
  } catch (error) {
    if (!(error instanceof RefusedError) || error.retry !== 'never') throw error;
    if (await remoteExists(client, from)) await replace(client, from, to, { aside, refusal: error, note });
    else if (done === undefined || (await remoteSize(client, to)) !== done) throw error;
  }
  if (done !== undefined && (await remoteExists(client, aside))) await orRefused(client.remove(aside));
}

interface Replacement extends Pick<Renaming, 'note'> {
  readonly aside: string;
  readonly refusal: RefusedError;
}

async function replace(client: FtpClient, from: string, to: string, { aside, refusal, note }: Replacement): Promise<void> {
  const old = await listed(client, to);
  if (old === undefined) throw refusal;
  // It would step aside with all that is in it, and never come back.
  if (old.type === 'folder') throw folderThere(to, refusal);
  note('the server does not rename over an existing file: each old file is moved aside and then deleted');
  await client.rename(to, aside);
  try {
    await client.rename(from, to);
  } catch (error) {
    await orRefused(client.rename(aside, to));
    throw error;
  }
  await orRefused(client.remove(aside));
}

function folderThere(path: string, cause: RefusedError): AppError {
  return new AppError('file-in-the-way', `${printable(path)} is a folder on the server: the file cannot have that name`, {
    hint: 'Move the folder away, or give the file another name.',
    cause,
  });
}
