// Downloading: makes the local folder like the server's; a file gets its name when it is whole. Its size proves that to the next run, so it is
// left to the system when it goes to the disk: a power cut makes a file short, and what is short is fetched again. With `verify: hash` it is
// on the disk before it has its name.
import { AppError, fileError, RefusedError } from '../../../core/errors.ts';
import { printable } from '../../../core/text.ts';
import type { FtpClient } from '../../../protocols/ftp/index.ts';
import type { Removal, Transfer } from '../comparison/compare.ts';
import type { Survey } from '../comparison/survey.ts';
import { digestHead, makeDigest } from '../digest.ts';
import type { LocalFile } from '../local-file.ts';
import { needsTemp } from '../new-folders.ts';
import type { Arrivals, Receiver, Staged } from '../receiver.ts';
import type { Tally } from '../tally.ts';
import { remotePath, siblingOf } from '../trees/paths.ts';
import { tempName } from '../trees/temp-name.ts';
import type { Workshop } from '../workshop.ts';
import { LocalFolder, type OpenFile } from './local-folder.ts';
import { isRestRefused, SEGMENTED_BYTES_MIN, SegmentedDownload } from './segmented-download.ts';

export class LocalReceiver implements Receiver {
  readonly #workshop: Workshop;
  readonly #tally: Tally;
  readonly #folder: LocalFolder;
  readonly #begun: Survey['begun'];
  #restRefused = false;

  private constructor(workshop: Workshop, tally: Tally, begun: Survey['begun'], folder: LocalFolder) {
    this.#workshop = workshop;
    this.#begun = begun;
    this.#tally = tally;
    this.#folder = folder;
  }

  static async open(workshop: Workshop, tally: Tally, { begun }: Pick<Survey, 'begun'>): Promise<LocalReceiver> {
    const durable = workshop.config.verify === 'hash';
    const folder = await LocalFolder.open(workshop.localRoot, { durable, clock: workshop.context.clock });
    return new LocalReceiver(workshop, tally, begun, folder);
  }

  get window(): number {
    return this.#workshop.pool.lanes;
  }

  async prepareRoot(): Promise<void> {}

  tempOf({ path, facts }: Transfer): string {
    return siblingOf(path, tempName({ path, size: facts.size, modifiedAt: facts.modifiedAt }));
  }

  async removeTemp(path: string, kind: Removal['kind']): Promise<void> {
    this.#folder.remove(this.#at(path), kind);
  }

  async makeFolder(path: string): Promise<void> {
    const { config, newFolders } = this.#workshop;
    // One that was not seen may hold anything.
    const isOther = newFolders.has(path) && !this.#begun.has(path) && this.#folder.facts(this.#at(path)) !== undefined;
    if (isOther) newFolders.close(path);
    this.#folder.makeFolder(this.#at(path), config.chmod?.dirs);
  }

  async nameFolder(path: string): Promise<boolean> {
    try {
      this.#folder.rename(this.#at(path), path);
    } catch (error) {
      if (error instanceof AppError) return false;
      throw error;
    }
    this.#workshop.newFolders.close(path);
    return true;
  }

  async remove({ path, kind, twin }: Removal): Promise<boolean> {
    if (twin !== undefined && this.#isSame(path, twin)) {
      this.#tally.once('this disk does not tell upper from lower case: a file of the server keeps its old spelling here');
      return false;
    }
    this.#folder.remove(this.#at(path), kind);
    if (kind === 'file') await this.#workshop.memory.delete(path);
    return true;
  }

  deliver(transfer: Transfer, arrivals: Arrivals): Promise<void> {
    return this.#workshop.pool.use((client, attempt) => this.#fetch(client, transfer, attempt, arrivals));
  }

  async #fetch(client: FtpClient, transfer: Transfer, attempt: number, arrivals: Arrivals): Promise<void> {
    const { config, isText } = this.#workshop;
    const { path, facts } = transfer;
    const at = needsTemp(this.#workshop, path) ? this.tempOf(transfer) : path;
    const opened = this.#folder.openFile(this.#at(at));
    const { file } = opened;
    let size: number;
    try {
      size = await this.#receive(client, opened, transfer, attempt);
      if (config.verify === 'hash' && !isText(path)) await this.#verify(client, file, transfer, size);
      if (this.#folder.durable) await file.sync().catch(error => Promise.reject(fileError(error, printable(path))));
      onDisk(path, () => this.#equip(file, facts));
    } catch (error) {
      if (config.atomic && isHopeless(error)) this.#folder.remove(this.#at(at), 'file');
      throw error;
    } finally {
      file.close();
    }
    const staged = { transfer, at, size, modifiedAt: facts.modifiedAt, timeLost: !config['preserve-times'] };
    const noted = config.commit === 'each' ? this.#name(staged) : undefined;
    if (noted === undefined) return arrivals.arrived(staged);
    noted.then(
      () => arrivals.arrived(staged),
      error => arrivals.failed(transfer, error),
    );
  }

  async publish(staged: Staged): Promise<void> {
    await this.#name(staged);
  }

  /** Returns what remains to be waited for: a time to be remembered. */
  #name({ transfer, at, size, modifiedAt, timeLost }: Staged): Promise<void> | undefined {
    const { path } = transfer;
    if (at !== path) this.#folder.rename(this.#at(at), this.#at(path));
    if (!timeLost || modifiedAt === undefined) return undefined;
    const facts = this.#folder.facts(this.#at(path));
    const target = facts === undefined ? null : Math.floor(facts.mtimeMs);
    return this.#workshop.memory.put(path, { size, source: modifiedAt, target });
  }

  async move(from: string, to: string): Promise<boolean> {
    this.#folder.rename(this.#at(from), this.#at(to));
    return true;
  }

  settle(): Promise<void> {
    return this.#folder.settle();
  }

  #isSame(path: string, twin: string): boolean {
    const [one, other] = [path, twin].map(name => {
      try {
        return this.#folder.facts(this.#at(name));
      } catch {
        return undefined;
      }
    });
    return one !== undefined && one.ino === other?.ino && one.dev === other.dev;
  }

  #at(path: string): string {
    return this.#workshop.newFolders.at(path);
  }

  /** Returns the size of the whole file. */
  #receive(client: FtpClient, { file, size: found }: OpenFile, transfer: Transfer, attempt: number): number | Promise<number> {
    const { config, isText } = this.#workshop;
    const { size, modifiedAt } = transfer.facts;
    const inParts = needsTemp(this.#workshop, transfer.path) && !isText(transfer.path);
    const mayContinue = inParts && size !== undefined && modifiedAt !== undefined && (config.resume || attempt > 1);
    if (inParts && size !== undefined && this.#maySegment(client, size))
      return this.#receiveLarge(client, file, transfer, { size, resume: mayContinue });
    return this.#receiveFrom(mayContinue && found <= size ? found : 0, client, file, transfer, found);
  }

  /** `found`: how long the file is, whose first `offset` bytes are good. */
  #receiveFrom(offset: number, client: FtpClient, file: LocalFile, transfer: Transfer, found: number): number | Promise<number> {
    const { path, facts } = transfer;
    this.#tally.at(path, offset, 0);
    if (offset > 0 && offset === facts.size) return offset;
    if (found > 0) onDisk(path, () => file.truncate(offset));
    const copied = this.#copy(client, file, transfer, offset);
    if (offset === 0) return copied;
    return copied.catch(error => {
      if (!(error instanceof RefusedError) || error.retry !== 'never') throw error;
      this.#tally.once('the server does not continue a download: it begins again');
      onDisk(path, () => file.truncate(0));
      return this.#copy(client, file, transfer, 0);
    });
  }

  async #receiveLarge(
    client: FtpClient,
    file: LocalFile,
    transfer: Transfer,
    how: { readonly size: number; readonly resume: boolean },
  ): Promise<number> {
    if (await this.#receiveApart(client, file, transfer, how)) return how.size;
    file.truncate(0);
    return this.#receiveFrom(0, client, file, transfer, 0);
  }

  #maySegment(client: FtpClient, size: number): boolean {
    const { config, pool } = this.#workshop;
    const worthIt = size >= SEGMENTED_BYTES_MIN && pool.lanes > 1 && config.verify !== 'none';
    return worthIt && !this.#restRefused && client.features.rest;
  }

  /** False when the server, after all, does not begin in the middle. */
  async #receiveApart(
    client: FtpClient,
    file: LocalFile,
    { path }: Transfer,
    how: { readonly size: number; readonly resume: boolean },
  ): Promise<boolean> {
    const { bandwidth, context, pool, remoteRoot, signal } = this.#workshop;
    const download = await SegmentedDownload.open({
      ...how,
      remote: remotePath(remoteRoot, path),
      file,
      name: path,
      pool,
      clock: context.clock,
      chunkBytes: bandwidth.chunkBytes,
      take: bytes => bandwidth.take(bytes, signal),
      moved: (position, bytes) => this.#tally.at(path, position, bytes),
    });
    try {
      await download.run(client);
      return true;
    } catch (error) {
      if (!isRestRefused(error) || (error as RefusedError).refusal.replyCode === '550') throw error;
      this.#restRefused = true;
      this.#tally.once('the server does not continue a download: it begins again');
      return false;
    }
  }

  async #copy(client: FtpClient, file: LocalFile, { path, facts }: Transfer, offset: number): Promise<number> {
    const { config, bandwidth, remoteRoot, signal, isText } = this.#workshop;
    const ascii = isText(path);
    const expected = config.verify === 'none' || ascii ? undefined : facts.size;
    let position = offset;
    const accept = (chunk: Buffer) => {
      if (expected !== undefined && position + chunk.length > expected) throw sizeMismatch(path, 'more than', expected);
      onDisk(path, () => file.write(chunk, position));
      position += chunk.length;
      this.#tally.at(path, position, chunk.length);
    };
    const take = (chunk: Buffer) => {
      const wait = bandwidth.take(chunk.length, signal);
      return wait === undefined ? accept(chunk) : wait.then(() => accept(chunk));
    };
    const { chunkBytes: fleetingBytes } = bandwidth;
    await client.receive(remotePath(remoteRoot, path), take, { fleetingBytes, ...(offset === 0 ? { ascii } : { offset }) });
    if (expected !== undefined && position !== expected) throw sizeMismatch(path, `${position} of`, expected);
    return position;
  }

  async #verify(client: FtpClient, file: LocalFile, { path }: Transfer, size: number): Promise<void> {
    const there = await client.hash(remotePath(this.#workshop.remoteRoot, path), size);
    const digest = makeDigest(client.hashing ?? 'sha256');
    await digestHead(file, digest, size).catch(error => Promise.reject(fileError(error, printable(path))));
    if (there !== undefined && there === digest.hex()) return;
    const what = there === undefined ? 'the server makes no checksum of it' : 'what arrived is not what the server has';
    throw new AppError('hash-mismatch', `${printable(path)}: ${what}`, {
      retry: 'later',
      hint: 'The file is changing on the server, or the connection changed data; it is fetched again by the next attempt.',
    });
  }

  /** Once the content is there: a write would change the time. */
  #equip(file: LocalFile, { modifiedAt }: Transfer['facts']): void {
    const { config } = this.#workshop;
    if (config.chmod?.files !== undefined) file.chmod(config.chmod.files);
    if (config['preserve-times'] && modifiedAt !== undefined) file.setModified(modifiedAt);
  }
}

function onDisk(path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw fileError(error, printable(path));
  }
}

function sizeMismatch(path: string, got: string, expected: number): AppError {
  return new AppError('size-mismatch', `${printable(path)}: the server sent ${got} ${expected} bytes`, {
    retry: 'later',
    hint: 'The file is changing on the server, or the connection lost data; it is fetched again by the next attempt.',
  });
}

const MISMATCHES: ReadonlySet<string> = new Set(['size-mismatch', 'hash-mismatch']);

/** What is on the disk is no good beginning, or must make room. A cut (426) leaves a good one. */
function isHopeless(error: unknown): boolean {
  if (error instanceof RefusedError) return error.retry === 'never';
  return error instanceof AppError && (MISMATCHES.has(error.code) || error.code === 'disk-full');
}
