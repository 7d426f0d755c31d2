// What remains to be done once a file's content has arrived, told to the server together with the next file: check, time, name.
//
//   content arrived ── SIZE, MFMT ride with the next file ── as they should be ── RNFR, RNTO ride with the one after ── published
//                           └── not so, refused, session lost ──────────┴── TailError, or what was thrown: done again step by step
import type { Equipped, FtpClient } from '../../../protocols/ftp/index.ts';
import { HASHED_SOON_BYTES_MAX } from '../digest.ts';
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

/** The quick way does not do. */
export class TailError extends Error {}

/** Resolves with what the server says to check, time and mode. */
export function equipSoon(client: FtpClient, tail: Tail): Promise<Equipped> {
  const { remote, size, modifiedAt, mode } = tail;
  if (tail.textSizes !== undefined) throw new TailError('servers tell no size while they speak text');
  const hash = tail.hash !== undefined;
  if (hash && size > HASHED_SOON_BYTES_MAX) throw new TailError('it takes its time');
  return client.soon.equip(remote, { size: tail.verify, hash, modifiedAt: tail.keepTime ? modifiedAt : undefined, mode });
}

/** True when the copy keeps its source's time. Throws TailError when it is not as it should be. */
export function keepsTime({ size, verify, hash, mode }: Tail, equipped: Equipped): boolean {
  const whole = (!verify || equipped.size === size) && equipped.hash === hash;
  if (!whole || equipped.timeKept === false || (mode !== undefined && equipped.modeSet !== true))
    throw new TailError('not as it should be');
  return equipped.timeKept === true;
}

/** Resolves when the file has its name, with the time it then shows if that is not its source's. */
export async function nameSoon(client: FtpClient, { remote, to }: Tail): Promise<number | undefined> {
  const [, shown] = await Promise.all([
    remote === to ? undefined : client.soon.rename(remote, to),
    client.soon.modified(to).catch(() => undefined),
  ]);
  return shown;
}
