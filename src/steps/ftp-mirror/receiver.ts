// The side that a mirror changes: the server when uploading, the local folder when downloading. apply.ts drives either.
import type { Removal, Transfer } from './comparison/compare.ts';

/** A file whose content is there, whole and checked, and that waits for its name. */
export interface Staged {
  readonly transfer: Transfer;
  /** Relative to the root: the temporary name, or the final one without `atomic` and in a folder that has no name yet. */
  readonly at: string;
  /** Of the content, as it was really transferred. */
  readonly size: number;
  readonly modifiedAt: number | undefined;
  /** SHA-256 of the content, where it was asked for. */
  readonly sha256?: string | undefined;
  /** The copy does not carry its source's time: what it carries is remembered instead. */
  readonly timeLost: boolean;
}

/** Hears of each file whose delivery did not fail, once. */
export interface Arrivals {
  /** It is there, checked and, with `commit: each`, named. */
  arrived(file: Staged): void;
  /** It came to nothing after deliver() had resolved. */
  failed(transfer: Transfer, error: unknown): void;
}

export interface Receiver {
  /** How many changes of names are worth starting side by side. */
  readonly window: number;
  /** Makes the root, and the folders above it, when it is missing. */
  prepareRoot(missing: boolean): Promise<void>;
  /** Where a transfer's unfinished file lies: same content, same place. */
  tempOf(transfer: Transfer): string;
  /** An unfinished file, or an empty folder that was never named. */
  removeTemp(path: string, kind: Removal['kind']): Promise<void>;
  /** One of the new folders that is not to be had under a temporary name is made under its own, and leaves them. */
  makeFolder(path: string): Promise<void>;
  /** False when it stays, because under another spelling it is what the mirror has just put there. */
  remove(removal: Removal): Promise<boolean>;
  /** Renames what only changed its place. False when that is refused. */
  move(from: string, to: string): Promise<boolean>;
  /** Gives a new folder its name. False when that is refused, and it has none. */
  nameFolder(path: string): Promise<boolean>;
  /**
   * Brings the content over, continuing what an earlier try left. Resolves when the next may be sent, which may be before `arrivals` hears of
   * this one.
   */
  deliver(transfer: Transfer, arrivals: Arrivals): Promise<void>;
  /** Gives it its final name, in one step where the receiving side can. Returns the time the copy then has when it was lost. */
  publish(staged: Staged): Promise<void>;
  /** Makes all of it durable. */
  settle(): Promise<void>;
}
