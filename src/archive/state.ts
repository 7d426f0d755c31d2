// What is remembered of an account beside the manifests: state.jsonl, append-only. Losing it loses no message; it only costs work.
//
//   duplicate   this UID has the content of an archived message
//   failed      the server would not give the message whole; counted, so that one bad message never stops the rest
//   deleting    DELE is about to be sent          ──QUIT answered +OK──► deleted
//               (no answer: the next sign-in looks whether the UID is still listed)
//   oversized   it is larger than max-size and stays on the server; what its header says
//   deleted     gone for certain: should the UID be listed again, its content is fetched and compared before it is believed
import { join } from 'node:path';
import type { ArchiveFile, ArchiveFiles } from './files.ts';
import { readJsonLines } from './json-lines.ts';
import { STATE_NAME } from './layout.ts';
import { PendingLines } from './pending-lines.ts';

export type StateLine =
  | { readonly uidl: string; readonly state: 'duplicate'; readonly sha256: string; readonly at: number }
  | { readonly uidl: string; readonly state: 'failed'; readonly reason: string; readonly at: number }
  | { readonly uidl: string; readonly state: 'deleting' | 'deleted'; readonly at: number }
  | OversizedLine;

interface OversizedLine {
  readonly uidl: string;
  readonly state: 'oversized';
  /** As LIST told it. */
  readonly size: number;
  readonly from: string | undefined;
  readonly subject: string | undefined;
  readonly date: string | undefined;
  readonly at: number;
}

export interface Failures {
  readonly count: number;
  /** Epoch milliseconds of the last one. */
  readonly at: number;
  readonly reason: string;
}

export class AccountState {
  /** UID → the archived message of the same content, and when that was found first. */
  readonly duplicates = new Map<string, { readonly sha256: string; readonly at: number }>();
  readonly failures = new Map<string, Failures>();
  /** UIDs whose deletion was asked for and never confirmed. */
  readonly deleting = new Set<string>();
  /** UIDs whose deletion was confirmed and that were not seen since: listed again, one may name another message. */
  readonly gone = new Set<string>();
  /** UIDs whose header was recorded. */
  readonly oversized = new Set<string>();
  /** Where the last whole line ends. */
  end = 0;

  /** A missing file is an empty state; lines that cannot be read are passed over. */
  static async load(files: ArchiveFiles, folder: string): Promise<AccountState> {
    const state = new AccountState();
    const file = await files.open(join(folder, STATE_NAME), 'read');
    if (file === undefined) return state;
    try {
      for await (const { value, offset, length } of readJsonLines(file)) {
        const line = parseLine(value);
        if (line !== undefined) state.apply(line);
        if (value !== undefined) state.end = offset + length;
      }
    } finally {
      await file.close();
    }
    return state;
  }

  apply(line: StateLine): void {
    switch (line.state) {
      case 'duplicate':
        this.#seen(line.uidl, line.sha256, line.at);
        break;
      case 'failed':
        this.failures.set(line.uidl, {
          count: (this.failures.get(line.uidl)?.count ?? 0) + 1,
          at: line.at,
          reason: line.reason,
        });
        break;
      case 'oversized':
        this.oversized.add(line.uidl);
        break;
      case 'deleting':
        this.deleting.add(line.uidl);
        break;
      case 'deleted':
        this.deleting.delete(line.uidl);
        this.gone.add(line.uidl);
        break;
    }
  }

  /** The first time of a content under a UID stays: deletion by age counts from it. */
  #seen(uidl: string, sha256: string, at: number): void {
    if (this.duplicates.get(uidl)?.sha256 !== sha256) this.duplicates.set(uidl, { sha256, at });
    this.failures.delete(uidl);
    this.gone.delete(uidl);
  }
}

/** Appends to state.jsonl; what was added is durable after commit(). */
export class StateJournal {
  readonly state: AccountState;
  readonly #file: ArchiveFile;
  readonly #lines = new PendingLines();
  #end: number;
  #committing: Promise<void> = Promise.resolve();

  private constructor(state: AccountState, file: ArchiveFile) {
    this.state = state;
    this.#file = file;
    this.#end = state.end;
  }

  static async open(files: ArchiveFiles, folder: string): Promise<StateJournal> {
    const state = await AccountState.load(files, folder);
    const file = await files.open(join(folder, STATE_NAME), 'write');
    try {
      await files.syncFolder(folder);
      if ((await file.size()) > state.end) await file.truncate(state.end);
      return new StateJournal(state, file);
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
  }

  add(line: StateLine): void {
    this.state.apply(line);
    this.#lines.add(`${JSON.stringify({ ...line, at: new Date(line.at).toISOString() })}\n`);
  }

  /** Writes what was added before the call, once `first` has resolved; durable when it resolves. A failed journal stays so. */
  commit(first: Promise<void> = Promise.resolve()): Promise<void> {
    const bytes = this.#lines.take();
    const before = this.#committing;
    this.#committing = (async () => {
      await Promise.all([before, first]);
      if (bytes.length === 0) return;
      await this.#file.write(bytes, this.#end);
      this.#end += bytes.length;
      await this.#file.sync();
    })();
    return this.#committing;
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#committing]);
    await this.#file.close();
  }
}

function parseLine(value: unknown): StateLine | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { uidl, state, sha256, reason, at: iso } = value as Record<string, unknown>;
  const at = typeof iso === 'string' ? Date.parse(iso) : Number.NaN;
  if (typeof uidl !== 'string' || Number.isNaN(at)) return undefined;
  if (state === 'oversized') return parseOversized(value as Record<string, unknown>, uidl, at);
  if (state === 'deleting' || state === 'deleted') return { uidl, state, at };
  if (state === 'duplicate' && typeof sha256 === 'string') return { uidl, state, sha256, at };
  if (state === 'failed' && typeof reason === 'string') return { uidl, state, reason, at };
  return undefined;
}

function parseOversized(line: Record<string, unknown>, uidl: string, at: number): StateLine {
  const text = (key: string) => (typeof line[key] === 'string' ? line[key] : undefined);
  const size = typeof line['size'] === 'number' ? line['size'] : 0;
  return { uidl, state: 'oversized', size, from: text('from'), subject: text('subject'), date: text('date'), at };
}
