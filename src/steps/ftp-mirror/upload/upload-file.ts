// Sends one local file: continues an unfinished one, checks the size, and notices when the file changed on the way.
import { constants, type Stats, statSync } from 'node:fs';
import { AppError, fileError, RefusedError } from '../../../core/errors.ts';
import { printable } from '../../../core/text.ts';
import type { FtpClient, HashAlgorithm } from '../../../protocols/ftp/index.ts';
import { type Digest, digestHead, makeDigest } from '../digest.ts';
import { LocalFile, READ_AT_ONCE_BYTES } from '../local-file.ts';
import { factsOf } from '../trees/local-tree.ts';
import { remoteSize } from '../trees/remote-facts.ts';

const [CR, LF] = [0x0d, 0x0a];

export interface Upload {
  /** Absolute path of the source. */
  readonly local: string;
  readonly followLinks: boolean;
  /** Where to send it, given its facts at the moment of sending. */
  readonly remote: (facts: UploadFacts) => string;
  /** Size of what lies there already, as far as it may be continued; asked only once the place is known. */
  readonly offset: (client: FtpClient, remote: string) => number | Promise<number>;
  /** Check the size at once; else it is verifySize()'s, or the caller's, to do. */
  readonly verify: boolean;
  /** Checksums to make of what is sent, on the way. */
  readonly digests?: readonly HashAlgorithm[];
  /** As text (TYPE A), from its beginning. */
  readonly ascii?: boolean;
  readonly moved: (position: number, bytes: number) => void;
  /** Read and sent at once. */
  readonly chunkBytes: number;
  readonly take: (bytes: number) => Promise<void> | undefined;
  readonly note: (message: string) => void;
  /** Whether what was sent before a failure of ours should go: an in-place upload has nothing else to show. */
  readonly keepsPart: boolean;
}

export interface UploadFacts {
  readonly size: number;
  readonly modifiedAt: number;
}

/** What was sent, and where to. */
export interface Sent extends UploadFacts {
  readonly remote: string;
  /** The checksums asked for, of the whole file. */
  readonly hashes: Readonly<Partial<Record<HashAlgorithm, string>>>;
  /** Of a text: the sizes that it may have on the server, by the line ends there. */
  readonly textSizes?: readonly number[];
}

/** Resolves when the server has said that it has all of it. Rejects with `file-changed` (retry: later) when the source changed meanwhile. */
export async function uploadFile(client: FtpClient, upload: Upload): Promise<Sent> {
  const file = openSource(upload);
  try {
    const before = file.stat();
    if (!before.isFile())
      throw new AppError('file-changed', `${printable(upload.local)} is no longer a file`, { retry: 'later' });
    const facts = factsOf(before);
    const remote = upload.remote(facts);
    const { digests = [] } = upload;
    const sums = digests.length === 0 ? undefined : new Sums(file, digests);
    const lines = upload.ascii === true ? new LineEnds() : undefined;
    await send(client, upload, { file, sums, lines, remote, size: facts.size });
    if (!isUnchanged(upload.local, before)) {
      await discard(client, remote, upload);
      throw new AppError('file-changed', `${printable(upload.local)} changed while it was sent`, {
        retry: 'later',
        hint: 'It is sent again by the next attempt; nothing was published.',
      });
    }
    const text = lines === undefined ? {} : { textSizes: lines.sizes(facts.size) };
    const { size, modifiedAt } = facts;
    const sent = { remote, size, modifiedAt, hashes: sums === undefined ? {} : await sums.of(facts.size), ...text };
    if (upload.verify) await verifySize(client, { ...upload, ...sent });
    return sent;
  } finally {
    file.close();
  }
}

function openSource({ local, followLinks }: Upload): LocalFile {
  try {
    return LocalFile.open(local, constants.O_RDONLY | constants.O_NONBLOCK | (followLinks ? 0 : constants.O_NOFOLLOW));
  } catch (error) {
    throw fileError(error, printable(local));
  }
}

interface Source {
  readonly file: LocalFile;
  readonly sums: Sums | undefined;
  readonly lines: LineEnds | undefined;
  readonly remote: string;
  readonly size: number;
}

function send(client: FtpClient, upload: Upload, source: Source): Promise<unknown> {
  const { remote, lines } = source;
  if (lines !== undefined) return client.upload(remote, read(upload, source, 0), { ascii: true });
  const found = upload.offset(client, remote);
  return found === 0
    ? sendFrom(client, upload, source, 0)
    : Promise.resolve(found).then(size => sendFrom(client, upload, source, size));
}

function sendFrom(client: FtpClient, upload: Upload, source: Source, found: number): Promise<unknown> {
  const offset = found <= source.size ? found : 0;
  return offset === 0 ? sendWhole(client, upload, source) : sendRest(client, upload, source, offset);
}

async function sendRest(client: FtpClient, upload: Upload, source: Source, offset: number): Promise<void> {
  const { remote, size } = source;
  upload.moved(offset, 0);
  if (offset === size) return;
  if (await tryRefused(client.upload(remote, read(upload, source, offset), { offset }))) return;
  upload.note('the server does not continue a file by REST: APPE is used');
  if (await tryRefused(client.append(remote, read(upload, source, offset)))) return;
  await client.remove(remote);
  await sendWhole(client, upload, source);
}

/** A small file is read before its command leaves, and goes in one piece. */
function sendWhole(client: FtpClient, upload: Upload, source: Source): Promise<unknown> {
  const { remote, size } = source;
  if (size > Math.min(READ_AT_ONCE_BYTES, upload.chunkBytes)) {
    upload.moved(0, 0);
    return client.upload(remote, read(upload, source, 0));
  }
  const turn = upload.take(size);
  return turn === undefined ? sendAtOnce(client, upload, source) : turn.then(() => sendAtOnce(client, upload, source));
}

function sendAtOnce(client: FtpClient, upload: Upload, source: Source): Promise<unknown> {
  const bytes = readWhole(upload, source, bufferOf(client));
  return client.upload(source.remote, bytes).then(sent => upload.moved(sent, sent));
}

/** One a session: it is free when the upload is over. Fresh memory for every file takes longer than reading it. */
function bufferOf(client: FtpClient): Buffer {
  const known = buffers.get(client);
  if (known !== undefined) return known;
  const buffer = Buffer.allocUnsafeSlow(READ_AT_ONCE_BYTES);
  buffers.set(client, buffer);
  return buffer;
}

const buffers = new WeakMap<FtpClient, Buffer>();

/** Checksums of a file while it is read from its beginning to its end; read again when it was read in another way. */
class Sums {
  readonly #file: LocalFile;
  readonly #algorithms: readonly HashAlgorithm[];
  #digests: readonly Digest[];
  #bytes = 0;

  constructor(file: LocalFile, algorithms: readonly HashAlgorithm[]) {
    this.#file = file;
    this.#algorithms = algorithms;
    this.#digests = algorithms.map(makeDigest);
  }

  add(chunk: Buffer, position: number): void {
    if (position !== this.#bytes) return;
    for (const digest of this.#digests) digest.update(chunk);
    this.#bytes += chunk.length;
  }

  async of(size: number): Promise<Sent['hashes']> {
    if (this.#algorithms.length > 0 && this.#bytes !== size) {
      this.#digests = this.#algorithms.map(makeDigest);
      const all = { update: (bytes: Uint8Array) => this.#digests.forEach(digest => void digest.update(bytes)), hex: () => '' };
      await digestHead(this.#file, all, size);
    }
    return Object.fromEntries(this.#algorithms.map((algorithm, index) => [algorithm, this.#digests[index]?.hex()]));
  }
}

/** Line ends of a text while it is read: what it measures with each kind of them. */
class LineEnds {
  #bare = 0;
  #pairs = 0;
  #afterCr = false;

  add(chunk: Buffer): void {
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) {
      const paired = at === 0 ? this.#afterCr : chunk[at - 1] === CR;
      if (paired) this.#pairs += 1;
      else this.#bare += 1;
    }
    this.#afterCr = chunk.at(-1) === CR;
  }

  /** With LF alone, as Unix stores it, and with CRLF, as it goes over the wire. */
  sizes(size: number): readonly number[] {
    return [size - this.#pairs, size + this.#bare];
  }
}

/** Refusals that leave another way to try. A full disk or quota (452, 552) and a lost right (530, 532) are none. */
const OTHER_WAY = new Set(['451', '500', '501', '502', '503', '504', '550', '551', '553', '554', '555']);

/** False when the server refused this way of doing it; ProFTPD says 451 to REST and APPE unless AllowStoreRestart is on. */
async function tryRefused(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (error instanceof RefusedError && OTHER_WAY.has(error.refusal.replyCode)) return false;
    throw error;
  }
}

/**
 * Chunks from here on are read into two buffers in turn, however large the file. They are larger than what a socket queues before its
 * write() waits, so whoever asks for the next chunk has handed the one before the last to the system; smaller ones may still be queued.
 */
const REUSED_BYTES_MIN = 256 * 1024;

/** The file's bytes from `start` up to the size it had when it was opened; ends early when the file shrank. */
async function* read(upload: Upload, { file, sums, lines, size }: Source, start: number): AsyncGenerator<Buffer> {
  const buffers: Buffer[] = [];
  for (let position = start; position < size; ) {
    const want = Math.min(upload.chunkBytes, size - position);
    await upload.take(want);
    const chunk = (buffers.length < 2 || want < REUSED_BYTES_MIN ? undefined : buffers.shift()) ?? Buffer.allocUnsafe(want);
    if (want >= REUSED_BYTES_MIN) buffers.push(chunk);
    const { bytesRead } = await readAt(upload, file, chunk, position);
    if (bytesRead === 0) return;
    sums?.add(chunk.subarray(0, bytesRead), position);
    lines?.add(chunk.subarray(0, bytesRead));
    yield chunk.subarray(0, bytesRead);
    position += bytesRead;
    upload.moved(position, bytesRead);
  }
}

function readWhole({ local }: Upload, { file, sums, size }: Source, buffer: Buffer): Buffer {
  try {
    const bytes = buffer.subarray(0, file.readAtOnce(buffer, size));
    sums?.add(bytes, 0);
    return bytes;
  } catch (error) {
    throw fileError(error, printable(local));
  }
}

async function readAt(upload: Upload, file: LocalFile, chunk: Buffer, position: number) {
  try {
    return await file.read(chunk, 0, chunk.length, position);
  } catch (error) {
    throw fileError(error, printable(upload.local));
  }
}

/** Looks the path up again: a file replaced by rename counts as changed. */
function isUnchanged(path: string, before: Stats): boolean {
  try {
    const after = statSync(path);
    return after.size === before.size && after.mtimeMs === before.mtimeMs && after.ino === before.ino;
  } catch {
    return false;
  }
}

export interface Verification extends Sent {
  /** As messages call it. */
  readonly local: string;
  readonly keepsPart: boolean;
  readonly note: (message: string) => void;
}

/** Throws `size-mismatch` (retry: later), the part discarded, when the server has another number of bytes. */
export async function verifySize(client: FtpClient, check: Verification): Promise<void> {
  const { remote, size, local, textSizes = [size] } = check;
  const arrived = await remoteSize(client, remote);
  if (arrived !== undefined && textSizes.includes(arrived)) return;
  if (arrived === undefined) return check.note('the server tells no sizes: uploads are not verified');
  await discard(client, remote, check);
  throw new AppError('size-mismatch', `the server has ${arrived} of ${size} bytes of ${printable(local)}`, {
    retry: 'later',
    hint: 'The connection lost data, or the disk of the server is full; it is sent again by the next attempt.',
  });
}

/** Throws `hash-mismatch` (retry: later), the part discarded, when the server has other content, or cannot say. */
export async function verifyHash(client: FtpClient, check: Verification): Promise<void> {
  const { remote, size, local, hashes } = check;
  const { hashing } = client;
  const expected = hashing === undefined ? undefined : hashes[hashing];
  const arrived = await client.hash(remote, size);
  if (expected !== undefined && arrived === expected) return;
  await discard(client, remote, check);
  const what = arrived === undefined ? 'the server makes no checksum of' : 'the server has other content than';
  throw new AppError('hash-mismatch', `${what} ${printable(local)}`, {
    retry: 'later',
    hint: 'Nothing was published; it is sent again by the next attempt.',
  });
}

async function discard(client: FtpClient, remote: string, { keepsPart }: Pick<Upload, 'keepsPart'>): Promise<void> {
  if (!keepsPart) await tryRefused(client.remove(remote));
}
