// How messages get into a month: as records of its mbox, or as files of a Maildir.
import type { CompleteMessage } from './incoming.ts';
import type { ManifestEntry } from './manifest.ts';

export interface Arrival {
  readonly uidl: string | undefined;
  /** Epoch milliseconds. */
  readonly fetchedAt: number;
}

export interface AccountWriter {
  readonly month: string;
  /** Not durable before commit(). */
  append(message: CompleteMessage, arrival: Arrival): Promise<ManifestEntry>;
  /** Everything appended so far is durable when it resolves. */
  commit(): Promise<void>;
  /** What was not committed is taken back. */
  close(): Promise<void>;
}
