// Recomputes everything: every message of every month, the seals of months that are past, and the chain that the seals make.
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { accountsOf } from './catalog.ts';
import { type ArchiveFiles, nodeFiles } from './files.ts';
import { LOCK_NAME, mboxName, monthOfManifest, monthOfMbox, monthOfSeal, monthOfSealed, sealedName } from './layout.ts';
import { MaildirSource } from './maildir/maildir-source.ts';
import { openMonth } from './month.ts';
import type { MonthSource } from './month-source.ts';
import { type ChainLink, verifySeal } from './seal/verify-seal.ts';
import { type MonthVerification, type Observer, type Place, type Problem, verifyMonth } from './verify-month.ts';

export interface VerifyOptions {
  readonly files?: ArchiveFiles;
  readonly account?: string | undefined;
  readonly onProblem?: (problem: Problem) => void;
  readonly onProgress?: (messages: number, bytes: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Verification {
  readonly accounts: number;
  readonly months: number;
  /** As the manifests list them. */
  readonly messages: number;
  readonly sound: number;
  readonly bytes: number;
  readonly problems: readonly Problem[];
  /** Accounts that a run is writing just now: what their last mbox holds beyond its manifest is on its way. */
  readonly busy: readonly string[];
  /** The last seal of each account: whoever notes its hash elsewhere proves that nothing before it was changed since. */
  readonly seals: readonly { readonly account: string; readonly month: string; readonly sha256: string }[];
}

/** Changes nothing. Throws only what keeps it from reading. */
export async function verifyArchive(root: string, options: VerifyOptions = {}): Promise<Verification> {
  const files = options.files ?? nodeFiles;
  const accounts = await accountsOf(root, files, options.account);
  const verifying = new Verifying(files, options);
  for (const account of accounts) await verifying.account(join(root, account), account);
  return { accounts: accounts.length, ...verifying.result };
}

class Verifying {
  readonly result = {
    months: 0,
    messages: 0,
    sound: 0,
    bytes: 0,
    problems: [] as Problem[],
    busy: [] as string[],
    seals: [] as Verification['seals'][number][],
  };
  readonly #files: ArchiveFiles;
  readonly #observer: Observer;
  /** Files of the account’s Maildir that a manifest lists. */
  readonly #listed = new Set<string>();

  constructor(files: ArchiveFiles, { onProblem, onProgress, signal }: VerifyOptions) {
    this.#files = files;
    let checked = 0;
    this.#observer = {
      signal,
      listed: name => this.#listed.add(name),
      found: problem => {
        this.result.problems.push(problem);
        onProblem?.(problem);
      },
      checked: size => {
        checked += 1;
        this.result.bytes += size;
        onProgress?.(checked, this.result.bytes);
      },
    };
  }

  async account(folder: string, account: string): Promise<void> {
    const names = await this.#files.list(folder);
    const busy = names.includes(LOCK_NAME);
    if (busy) this.result.busy.push(account);
    const sealed = new Set(names.flatMap(name => monthOfSeal(name) ?? []));
    let last: ChainLink | undefined;
    for (const month of monthsOf(names)) {
      const place = { folder, account, month, busy };
      const found = await this.#month(place);
      if (sealed.has(month) || (names.includes(sealedName(month)) && !names.includes(mboxName(month))))
        last = (await verifySeal(this.#files, place, { previous: last, found }, this.#observer)) ?? last;
    }
    if (!busy) await this.#unlistedFiles(folder, account);
    if (last !== undefined) this.result.seals.push({ account, ...last });
  }

  /** Of a Maildir: messages that no manifest knows. */
  async #unlistedFiles(folder: string, account: string): Promise<void> {
    for (const [name, path] of await new MaildirSource(this.#files, folder).all())
      if (!this.#listed.delete(name))
        this.#observer.found({ kind: 'unlisted', account, path, offset: 0, length: 0, reason: NO_LINE });
  }

  async #month(place: Place): Promise<MonthVerification> {
    const source = await this.#open(place);
    try {
      const found = await verifyMonth(this.#files, place, source, this.#observer);
      this.result.months += 1;
      this.result.messages += found.messages;
      this.result.sound += found.sound;
      return found;
    } finally {
      await source?.close();
    }
  }

  async #open({ folder, account, month }: Place): Promise<MonthSource | undefined> {
    try {
      return await openMonth(this.#files, folder, month);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'archive-damaged') throw error;
      const reason = 'its seek table is not whole';
      this.#observer.found({ kind: 'torn', account, path: join(folder, sealedName(month)), offset: 0, length: 0, reason });
      return undefined;
    }
  }
}

const NO_LINE = 'no manifest lists it';

function monthsOf(names: readonly string[]): readonly string[] {
  const months = names.flatMap(
    name => monthOfManifest(name) ?? monthOfMbox(name) ?? monthOfSealed(name) ?? monthOfSeal(name) ?? [],
  );
  return [...new Set(months)].sort();
}
