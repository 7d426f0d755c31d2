// Recomputes everything: each byte of each mbox belongs to a message of the manifest, whose hash is the one it had when it came.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { accountsOf } from './catalog.ts';
import { type ArchiveFiles, nodeFiles } from './files.ts';
import { readJsonLines } from './json-lines.ts';
import { LOCK_NAME, manifestName, mboxName, monthOfManifest, monthOfMbox } from './layout.ts';
import { type ManifestEntry, parseEntry } from './manifest.ts';
import { type MonthSource, openMonth } from './month-source.ts';
import { decodeRecord, fromLine } from './record.ts';

/**
 * missing: its bytes are not on this disk. changed: they are, and are others. torn: half of them, or half of its line.
 * unlisted: bytes in an mbox that no manifest knows.
 */
export type ProblemKind = 'missing' | 'changed' | 'torn' | 'unlisted';

export interface Problem {
  readonly kind: ProblemKind;
  readonly account: string;
  /** The file that is wrong. */
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  /** Absent where no message is known. */
  readonly sha256?: string;
  readonly subject?: string;
}

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
}

/** Changes nothing. Throws only what keeps it from reading. */
export async function verifyArchive(root: string, options: VerifyOptions = {}): Promise<Verification> {
  const files = options.files ?? nodeFiles;
  const accounts = await accountsOf(root, files, options.account);
  const verifying = new Verifying(files, options);
  for (const account of accounts) await verifying.account(join(root, account), account);
  return { accounts: accounts.length, ...verifying.result() };
}

class Verifying {
  readonly #files: ArchiveFiles;
  readonly #options: VerifyOptions;
  readonly #problems: Problem[] = [];
  readonly #busy: string[] = [];
  #months = 0;
  #messages = 0;
  #sound = 0;
  #bytes = 0;

  constructor(files: ArchiveFiles, options: VerifyOptions) {
    this.#files = files;
    this.#options = options;
  }

  result(): Omit<Verification, 'accounts'> {
    return {
      months: this.#months,
      messages: this.#messages,
      sound: this.#sound,
      bytes: this.#bytes,
      problems: this.#problems,
      busy: this.#busy,
    };
  }

  async account(folder: string, account: string): Promise<void> {
    const names = await this.#files.list(folder);
    const busy = names.includes(LOCK_NAME);
    if (busy) this.#busy.push(account);
    const months = new Set([...names.map(monthOfManifest), ...names.map(monthOfMbox)].filter(month => month !== undefined));
    for (const month of [...months].sort()) {
      this.#months += 1;
      await this.#month({ folder, account, month, busy });
    }
  }

  async #month(place: Place): Promise<void> {
    const source = await openMonth(this.#files, place.folder, place.month);
    try {
      const size = (await source?.size()) ?? 0;
      const end = await this.#entries(place, source, size);
      if (size > end && !place.busy) this.#found({ ...at(place), kind: 'unlisted', offset: end, length: size - end });
    } finally {
      await source?.close();
    }
  }

  /** Where the last record ends. */
  async #entries(place: Place, source: MonthSource | undefined, size: number): Promise<number> {
    const path = join(place.folder, manifestName(place.month));
    const manifest = await this.#files.open(path, 'read');
    if (manifest === undefined) return 0;
    let end = 0;
    try {
      for await (const { value, offset, length } of readJsonLines(manifest)) {
        this.#options.signal?.throwIfAborted();
        const entry = parseEntry(value);
        if (entry === undefined) this.#found({ kind: 'torn', account: place.account, path, offset, length });
        else end = await this.#entry(place, source, { entry, size, end });
      }
    } finally {
      await manifest.close();
    }
    return end;
  }

  async #entry(place: Place, source: MonthSource | undefined, { entry, size, end }: Position): Promise<number> {
    const { offset, length, sha256, subject } = entry;
    this.#messages += 1;
    if (offset > end && end < size)
      this.#found({ ...at(place), kind: 'unlisted', offset: end, length: Math.min(offset, size) - end });
    const kind = await examine(source, entry, size);
    if (kind === undefined && offset >= end) this.#sound += 1;
    else
      this.#found({
        ...at(place),
        kind: kind ?? 'changed',
        offset,
        length,
        sha256,
        ...(subject === undefined ? {} : { subject }),
      });
    this.#bytes += entry.size;
    this.#options.onProgress?.(this.#messages, this.#bytes);
    return Math.max(end, offset + length);
  }

  #found(problem: Problem): void {
    this.#problems.push(problem);
    this.#options.onProblem?.(problem);
  }
}

interface Place {
  readonly folder: string;
  readonly account: string;
  readonly month: string;
  readonly busy: boolean;
}

interface Position {
  readonly entry: ManifestEntry;
  readonly size: number;
  /** Of the record before. */
  readonly end: number;
}

function at({ folder, account, month }: Place): Pick<Problem, 'account' | 'path'> {
  return { account, path: join(folder, mboxName(month)) };
}

async function examine(source: MonthSource | undefined, entry: ManifestEntry, size: number): Promise<ProblemKind | undefined> {
  if (source === undefined || entry.offset >= size) return 'missing';
  if (entry.offset + entry.length > size) return 'torn';
  return (await framed(source, entry)) && (await hashed(source, entry)) ? undefined : 'changed';
}

/** The bytes around the octets: the From line, and the line ends that the mbox adds. */
async function framed(source: MonthSource, { offset, length, fetchedAt, finalNewline }: ManifestEntry): Promise<boolean> {
  const line = fromLine(fetchedAt);
  const ends = finalNewline ? '\n' : '\n\n';
  if (length < line.length + ends.length) return false;
  const head = await bytesOf(source, offset, offset + line.length);
  const tail = await bytesOf(source, offset + length - ends.length, offset + length);
  return head.equals(line) && tail.toString('latin1') === ends;
}

async function hashed(source: MonthSource, entry: ManifestEntry): Promise<boolean> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of decodeRecord((from, to) => source.read(from, to), entry)) {
    hash.update(chunk);
    size += chunk.length;
  }
  return hash.digest('hex') === entry.sha256 && size === entry.size;
}

async function bytesOf(source: MonthSource, from: number, to: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of source.read(from, to)) parts.push(part);
  return Buffer.concat(parts);
}
