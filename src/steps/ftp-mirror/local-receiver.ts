// Downloading: makes the local folder like the server's; a file gets its name when it is whole. Its size proves that to the next run, so it is
// left to the system when it goes to the disk: a power cut makes a file short, and what is short is fetched again. With `verify: hash` it is
// on the disk before it has its name.
import { AppError, fileError, RefusedError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import type { FtpClient } from '../../protocols/ftp/index.ts';
import type { Move, Removal, Transfer } from './compare.ts';
import { digestHead, makeDigest } from './digest.ts';
import type { LocalFile } from './local-file.ts';
import { LocalFolder, type OpenFile } from './local-folder.ts';
import { remotePath, siblingOf } from './paths.ts';
import type { Arrivals, Receiver, Staged } from './receiver.ts';
import { isRestRefused, SEGMENTED_BYTES_MIN, SegmentedDownload } from './segmented-download.ts';
import type { Tally } from './tally.ts';
import { tempName } from './temp-name.ts';
import type { Workshop } from './workshop.ts';

export class LocalReceiver implements Receiver {
  readonly #workshop: Workshop;
  readonly #tally: Tally;
  readonly #folder: LocalFolder;
  #restRefused = false;

  private constructor(workshop: Workshop, tally: Tally, folder: LocalFolder) {
    this.#workshop = workshop;
    this.#tally = tally;
    this.#folder = folder;
  }

  static async open(workshop: Workshop, tally: Tally): Promise<LocalReceiver> {
    const durable = workshop.config.verify === 'hash';
    return new LocalReceiver(workshop, tally, await LocalFolder.open(workshop.localRoot, { durable }));
  }

  get window(): number {
    return this.#workshop.pool.lanes;
  }

  async prepareRoot(): Promise<void> {}

  tempOf({ path, facts }: Transfer): string {
    return siblingOf(path, tempName({ path, size: facts.size, modifiedAt: facts.modifiedAt }));
  }

  removeTemp(path: string): Promise<void> {
    return this.#folder.remove(path, 'file');
  }

  makeFolder(path: string): Promise<void> {
    return this.#folder.makeFolder(path, this.#workshop.config.chmod?.dirs);
  }

  async remove({ path, kind, twin }: Removal): Promise<boolean> {
    if (twin !== undefined && (await this.#isSame(path, twin))) {
      this.#tally.once('this disk does not tell upper from lower case: a file of the server keeps its old spelling here');
      return false;
    }
    await this.#folder.remove(path, kind);
    if (kind === 'file') await this.#workshop.memory.delete(path);
    return true;
  }

  async #stage(transfer: Transfer): Promise<Staged> {
    const { config, pool, isText } = this.#workshop;
    const at = config.atomic ? this.tempOf(transfer) : transfer.path;
    const size = await pool.use(async (client, attempt) => {
      const opened = await this.#folder.openFile(at);
      const { file } = opened;
      let received: number;
      try {
        received = await this.#receive(client, opened, transfer, attempt);
        if (config.verify === 'hash' && !isText(transfer.path)) await this.#verify(client, file, transfer, received);
        await this.#finish(file, transfer);
      } catch (error) {
        if (config.atomic && isHopeless(error)) await this.#folder.remove(at, 'file');
        throw error;
      } finally {
        file.close();
      }
      return received;
    });
    const { modifiedAt } = transfer.facts;
    return { transfer, at, size, modifiedAt, timeLost: !config['preserve-times'] };
  }

  async publish({ transfer, at, size, modifiedAt, timeLost }: Staged): Promise<void> {
    const { path } = transfer;
    if (at !== path) await this.#folder.rename(at, path);
    if (!timeLost || modifiedAt === undefined) return;
    const facts = await this.#folder.facts(path);
    await this.#workshop.memory.put(path, {
      size,
      source: modifiedAt,
      target: facts === undefined ? null : Math.floor(facts.mtimeMs),
    });
  }

  async move({ from, transfer }: Move): Promise<boolean> {
    await this.#folder.rename(from, transfer.path);
    return true;
  }

  async deliver(transfer: Transfer, arrivals: Arrivals): Promise<void> {
    const staged = await this.#stage(transfer);
    if (this.#workshop.config.commit === 'each') await this.publish(staged);
    arrivals.arrived(staged);
  }

  settle(): Promise<void> {
    return this.#folder.settle();
  }

  async #isSame(path: string, twin: string): Promise<boolean> {
    const [one, other] = await Promise.all([path, twin].map(name => this.#folder.facts(name).catch(() => undefined)));
    return one !== undefined && one.ino === other?.ino && one.dev === other.dev;
  }

  /** Returns the size of the whole file. */
  async #receive(client: FtpClient, opened: OpenFile, transfer: Transfer, attempt: number): Promise<number> {
    const { file } = opened;
    let found = opened.size;
    const { config, remoteRoot, isText } = this.#workshop;
    const remote = remotePath(remoteRoot, transfer.path);
    const { size, modifiedAt } = transfer.facts;
    const inParts = config.atomic && !isText(transfer.path);
    const mayContinue = inParts && size !== undefined && modifiedAt !== undefined && (config.resume || attempt > 1);
    if (inParts && size !== undefined && this.#maySegment(client, size)) {
      const done = await this.#receiveApart(client, file, transfer, { remote, size, resume: mayContinue });
      if (done) return size;
      file.truncate(0);
      found = 0;
    }
    const offset = mayContinue && found <= size ? found : 0;
    this.#tally.at(transfer.path, offset, 0);
    if (offset > 0 && offset === size) return offset;
    if (offset === 0 && found === 0) return this.#copy(client, file, transfer, remote, 0);
    onDisk(transfer.path, () => file.truncate(offset));
    if (offset === 0) return this.#copy(client, file, transfer, remote, 0);
    try {
      return await this.#copy(client, file, transfer, remote, offset);
    } catch (error) {
      if (!(error instanceof RefusedError) || error.retry !== 'never') throw error;
      this.#tally.once('the server does not continue a download: it begins again');
      onDisk(transfer.path, () => file.truncate(0));
      return this.#copy(client, file, transfer, remote, 0);
    }
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
    how: { readonly remote: string; readonly size: number; readonly resume: boolean },
  ): Promise<boolean> {
    const { bandwidth, context, pool, signal } = this.#workshop;
    const download = await SegmentedDownload.open({
      ...how,
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

  async #copy(client: FtpClient, file: LocalFile, transfer: Transfer, remote: string, offset: number): Promise<number> {
    const { config, bandwidth, signal, isText } = this.#workshop;
    const { path, facts } = transfer;
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
    await client.receive(remote, take, { fleetingBytes, ...(offset === 0 ? { ascii } : { offset }) });
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

  /** Mode, content, then the time: a write after it would change it. */
  async #finish(file: LocalFile, { path, facts }: Transfer): Promise<void> {
    const { config } = this.#workshop;
    const { files: mode } = config.chmod ?? {};
    if (mode !== undefined) onDisk(path, () => file.chmod(mode));
    if (this.#folder.durable) await file.sync().catch(error => Promise.reject(fileError(error, printable(path))));
    const { modifiedAt } = facts;
    if (config['preserve-times'] && modifiedAt !== undefined) onDisk(path, () => file.setModified(modifiedAt));
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
