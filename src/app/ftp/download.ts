// One file from the server: under a temporary name until it is whole and on the disk; an unfinished one is continued.
import { cancelled } from '../../core/clock.ts';
import { AppError, fileError, RefusedError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import type { FtpClient } from '../../protocols/ftp/index.ts';
import type { LocalFolder } from '../../steps/ftp-mirror/download/local-folder.ts';
import type { LocalFile } from '../../steps/ftp-mirror/local-file.ts';
import { siblingOf } from '../../steps/ftp-mirror/trees/paths.ts';
import { tempName } from '../../steps/ftp-mirror/trees/temp-name.ts';
import type { TransferProgress } from './progress.ts';

export interface Download {
  readonly remote: string;
  readonly size: number | undefined;
  readonly modifiedAt: number | undefined;
  readonly folder: LocalFolder;
  /** Below `folder`, with '/'. */
  readonly local: string;
  readonly progress: TransferProgress;
  /** As text: neither continued nor measured, since line ends change its size. */
  readonly ascii?: boolean;
  /** Aborting it ends the transfer and leaves the session alive. */
  readonly signal: AbortSignal;
}

/** Received and written at once. */
const CHUNK_BYTES = 512 * 1024;

/** Resolves with the size of the file. */
export async function downloadFile(client: FtpClient, download: Download): Promise<number> {
  const { folder, local, remote, modifiedAt, progress } = download;
  const size = download.ascii ? undefined : download.size;
  const temp = siblingOf(local, tempName({ path: remote, size, modifiedAt }));
  progress.begin(remote, download.size);
  const { file, size: found } = folder.openFile(temp);
  let bytes: number;
  try {
    bytes = await receive(client, file, download, found);
    await file.sync();
    if (modifiedAt !== undefined) file.setModified(modifiedAt);
  } catch (cause) {
    file.close();
    const error = fileError(cause, printable(local));
    if (HOPELESS.has(error.code)) folder.remove(temp, 'file');
    throw error;
  } finally {
    progress.end();
  }
  file.close();
  folder.rename(temp, local);
  await folder.settle();
  return bytes;
}

/** What is on the disk is no beginning of anything, or must make room. */
const HOPELESS: ReadonlySet<string> = new Set(['size-mismatch', 'disk-full', 'path-refused']);

async function receive(client: FtpClient, file: LocalFile, download: Download, found: number): Promise<number> {
  const { size, modifiedAt, ascii } = download;
  if (ascii) return copy(client, file, download, 0);
  const offset = size !== undefined && modifiedAt !== undefined && found <= size ? found : 0;
  if (offset === 0 || offset === size) return offset === 0 ? copy(client, file, download, 0) : offset;
  try {
    return await copy(client, file, download, offset);
  } catch (error) {
    if (!(error instanceof RefusedError) || error.retry !== 'never') throw error;
    return copy(client, file, download, 0);
  }
}

async function copy(client: FtpClient, file: LocalFile, download: Download, offset: number): Promise<number> {
  const { remote, size, signal, progress, ascii = false } = download;
  file.truncate(offset);
  let position = offset;
  const expected = ascii ? undefined : size;
  const how = { fleetingBytes: CHUNK_BYTES, ...(offset === 0 ? { ascii } : { offset }) };
  for await (const chunk of client.download(remote, how)) {
    if (signal.aborted) throw cancelled(signal);
    if (expected !== undefined && position + chunk.length > expected) throw sizeMismatch(remote, 'more than', expected);
    file.write(chunk, position);
    position += chunk.length;
    progress.at(position);
  }
  if (expected !== undefined && position !== expected) throw sizeMismatch(remote, `${position} of`, expected);
  return position;
}

function sizeMismatch(remote: string, got: string, expected: number): AppError {
  return new AppError('size-mismatch', `${printable(remote)}: the server sent ${got} ${expected} bytes`, {
    retry: 'later',
    hint: 'The file is changing on the server, or the connection lost data; try again.',
  });
}
