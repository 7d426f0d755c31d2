// One entry of a remote folder, whatever dialect the server listed it in.

export interface FtpEntry {
  readonly name: string;
  readonly type: 'file' | 'folder' | 'link' | 'other';
  /** Bytes; only for files. */
  readonly size?: number;
  /** Milliseconds since the epoch. From LIST it is the server's wall clock read as UTC, which most servers use. */
  readonly modifiedAt?: number;
  /** How coarse modifiedAt is: 1 000 for a second, 60 000 for a minute, 86 400 000 for a day. */
  readonly precisionMs?: number;
  /** Unix permission bits. */
  readonly mode?: number;
  /** Where a link points, as the server wrote it. */
  readonly target?: string;
}

/** `skip`: a line that is no entry (a total, the folder itself). Undefined: the line is not in this dialect. */
export type ParsedLine = FtpEntry | 'skip' | undefined;

export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

/** Leaves out what is unknown, so that entries compare by what they say. */
export function entry(name: string, type: FtpEntry['type'], { size, modifiedAt, precisionMs, mode, target }: Facts): FtpEntry {
  const made: { -readonly [K in keyof FtpEntry]: FtpEntry[K] } = { name, type };
  if (size !== undefined) made.size = size;
  if (modifiedAt !== undefined) made.modifiedAt = modifiedAt;
  if (precisionMs !== undefined) made.precisionMs = precisionMs;
  if (mode !== undefined) made.mode = mode;
  if (target !== undefined) made.target = target;
  return made;
}

type Facts = { readonly [K in 'size' | 'modifiedAt' | 'precisionMs' | 'mode']?: number | undefined } & {
  readonly target?: string | undefined;
};
