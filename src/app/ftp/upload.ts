// One file to the server: under a temporary name, checked, then renamed; an unfinished one is continued.
import { posix } from 'node:path';
import { cancelled } from '../../core/clock.ts';
import { AppError, RefusedError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import type { FtpClient } from '../../protocols/ftp/index.ts';
import { siblingOf } from '../../steps/ftp-mirror/trees/paths.ts';
import { remoteSize } from '../../steps/ftp-mirror/trees/remote-facts.ts';
import { tempName } from '../../steps/ftp-mirror/trees/temp-name.ts';
import { renameOver } from '../../steps/ftp-mirror/upload/rename-over.ts';
import { uploadFile } from '../../steps/ftp-mirror/upload/upload-file.ts';
import { intoFolderOf } from './missing-folder.ts';
import type { TransferProgress } from './progress.ts';

export interface Upload {
  /** Absolute. */
  readonly local: string;
  readonly remote: string;
  /** False writes under the final name at once: for servers that allow no renaming. */
  readonly atomic: boolean;
  readonly progress: TransferProgress;
  /** As text, for streams. */
  readonly ascii?: boolean;
  /** Aborting it ends the transfer and leaves the session alive. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

const CHUNK_BYTES = 64 * 1024;

/** Resolves with the size of the file. */
export async function uploadLocal(client: FtpClient, upload: Upload): Promise<number> {
  const { local, remote, atomic, progress, signal, say } = upload;
  try {
    const sent = await intoFolderOf(client, remote, () =>
      uploadFile(client, {
        local,
        followLinks: true,
        remote: facts => {
          progress.begin(remote, facts.size);
          return atomic ? siblingOf(remote, tempName({ path: remote, ...facts })) : remote;
        },
        offset: async (session, at) => (atomic ? ((await remoteSize(session, at)) ?? 0) : 0),
        verify: true,
        moved: position => progress.at(position),
        chunkBytes: CHUNK_BYTES,
        take: async () => {
          if (signal.aborted) throw cancelled(signal);
        },
        note: say,
        keepsPart: !atomic,
      }),
    );
    await client.setModified(sent.remote, sent.modifiedAt);
    if (atomic) await publish(client, sent.remote, remote, say);
    return sent.size;
  } finally {
    progress.end();
  }
}

/** From a stream, which cannot be continued. */
export async function uploadStream(
  client: FtpClient,
  source: AsyncIterable<Uint8Array>,
  upload: Omit<Upload, 'local'>,
): Promise<number> {
  const { remote, atomic, progress, signal } = upload;
  const at = atomic ? siblingOf(remote, tempName({ path: remote, size: undefined, modifiedAt: undefined })) : remote;
  progress.begin(remote, undefined);
  try {
    const chunks = counted(source, progress, signal);
    const bytes = await intoFolderOf(client, remote, () => client.upload(at, chunks, { ascii: upload.ascii === true }));
    if (atomic) await publish(client, at, remote, upload.say);
    return bytes;
  } finally {
    progress.end();
  }
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  progress: TransferProgress,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of source) {
    if (signal.aborted) throw cancelled(signal);
    yield chunk;
    bytes += chunk.length;
    progress.at(bytes);
  }
}

/** Gives the file its name, over whatever file bears it. */
async function publish(client: FtpClient, from: string, to: string, say: Upload['say']): Promise<void> {
  try {
    await renameOver(client, from, to, { done: undefined, note: say });
  } catch (error) {
    if (error instanceof RefusedError) throw unpublished(from, to, error, NO_ATOMIC_HINT);
    if (error instanceof AppError && error.code === 'file-in-the-way') throw unpublished(from, to, error, error.hint);
    throw error;
  }
}

const NO_ATOMIC_HINT = 'Check what the user may do there; --no-atomic uploads under the final name at once.';

function unpublished(from: string, to: string, cause: AppError, hint: string | undefined): AppError {
  const place = `the file lies complete as ${printable(posix.basename(from))} beside ${printable(to)}`;
  return new AppError(cause.code, `${cause.message}; ${place}`, { ...(hint === undefined ? {} : { hint }), cause });
}
