// What remains to be done once a file's content has arrived, told to the server together with the next file: check, time, name.
//
//   content arrived ── SIZE, MFMT ride with the next file ── as they should be ── RNFR, RNTO ride with the one after ── published
//                           └── not so, refused, session lost ──────────┴── TailError, or what was thrown: done again step by step
import type { FtpClient } from '../../protocols/ftp/index.ts';
import { HASHED_SOON_BYTES_MAX } from './digest.ts';
import type { Sent } from './upload-file.ts';

export interface Tail extends Sent {
  /** The final path. */
  readonly to: string;
  readonly verify: boolean;
  /** What the server's checksum must be; asked for only when there is one. */
  readonly hash?: string | undefined;
  readonly keepTime: boolean;
  readonly mode?: number;
}

/** The quick way does not do; the file has not been renamed. */
export class TailError extends Error {}

/** Resolves when content and time are as they should be: true when the copy keeps its source's time. Throws TailError when they are not. */
export async function equipSoon(client: FtpClient, tail: Tail): Promise<boolean> {
  const { remote, size, modifiedAt } = tail;
  if (tail.textSizes !== undefined) throw new TailError('servers tell no size while they speak text');
  if (tail.hash !== undefined && size > HASHED_SOON_BYTES_MAX) throw new TailError('it takes its time');
  const [arrived, hash, timeKept, modeSet] = await Promise.all([
    tail.verify ? client.soon.size(remote) : size,
    tail.hash === undefined ? undefined : client.soon.hash(remote),
    tail.keepTime ? client.soon.setModified(remote, modifiedAt) : undefined,
    tail.mode === undefined ? true : client.soon.chmod(remote, tail.mode),
  ]).catch(cause => {
    throw new TailError('no answer', { cause });
  });
  if (arrived !== size || hash !== tail.hash || timeKept === false || !modeSet) throw new TailError('not as it should be');
  return timeKept === true;
}

/** Resolves when the file has its name, with the time it then shows if that is not its source's. */
export async function nameSoon(client: FtpClient, { remote, to }: Tail, timeKept: boolean): Promise<number | undefined> {
  const [, shown] = await Promise.all([
    remote === to ? undefined : client.soon.rename(remote, to),
    timeKept ? undefined : client.soon.modified(to).catch(() => undefined),
  ]);
  return shown;
}
