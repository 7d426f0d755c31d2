// What an FTP session offers to those who use one.
import type { Reply } from '../wire/reply.ts';
import type { FtpFeatures } from './features.ts';
import type { HashAlgorithm } from './hash.ts';
import type { FtpEntry } from './listing/entry.ts';
import type { Soon } from './soon.ts';

export interface DownloadOptions extends TransferOptions {
  /** Every chunk holds only until the next is asked for, and may be this large: one buffer takes them all, for hardly any memory or time. */
  readonly fleetingBytes?: number;
}

/** Bytes as they come, or all of them. */
export type Source = AsyncIterable<Uint8Array> | Uint8Array;

export interface TransferOptions {
  /** Bytes to skip (RFC 3659 section 5). */
  readonly offset?: number;
  /** As text (TYPE A): CRLF on the wire, LF here. Not together with `offset`. */
  readonly ascii?: boolean;
}

/**
 * Every method throws RefusedError when the server says no (the session lives), BrokenSessionError when the session is dead,
 * AppError `name-unsendable` or `name-unencodable` for a path that FTP cannot carry, and MisuseError while another operation runs.
 * A name that is not valid in the charset holds lone surrogates (`isWellFormed()` is false) and can be sent back as it is.
 */
export interface FtpClient {
  readonly features: FtpFeatures;
  /** False once the session is dead. */
  readonly usable: boolean;
  /** How long it took to connect: a round trip, when its name was known. */
  readonly distanceMs: number;
  /** To list() folder by folder costs less than to ask for the exact times of what lies in them: by MLSD, in clear, of a server nearby. */
  readonly listsExactly: boolean;
  /** Whole or not at all: `path-missing`, `listing-truncated`, `listing-unreadable`, `listing-too-long`. Without `.` and `..`. */
  list(path: string): Promise<FtpEntry[]>;
  /**
   * Several folders in a round trip or two, where the server has proven that it can: what lies in each, or undefined for each that only
   * list() can tell. Call list() on a folder above them first.
   */
  listTogether(paths: readonly string[]): Promise<readonly (readonly FtpEntry[] | undefined)[]>;
  /** Ends only when the data has ended and the server has said yes. Leaving the loop early aborts the transfer. */
  download(path: string, options?: DownloadOptions): AsyncIterable<Buffer>;
  /**
   * The same for many small files: every chunk is given to `take`, which may make it wait, and holds only until then. Returns the bytes
   * received. When `take` throws, the transfer is aborted.
   */
  receive(path: string, take: (chunk: Buffer) => void | Promise<void>, options?: DownloadOptions): Promise<number>;
  /**
   * Returns the bytes sent. When the source throws, the transfer is aborted, and what is there is incomplete. A source of at most
   * WHOLE_BYTES_MAX may be given as it is.
   */
  upload(path: string, source: Source, options?: TransferOptions): Promise<number>;
  append(path: string, source: AsyncIterable<Uint8Array>): Promise<number>;
  /** Undefined when the server does not offer it; a missing file is refused. So is modified(). */
  size(path: string): Promise<number | undefined>;
  modified(path: string): Promise<number | undefined>;
  /** False when the server cannot. */
  setModified(path: string, epochMs: number): Promise<boolean>;
  makeFolder(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
  remove(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  chmod(path: string, mode: number): Promise<boolean>;
  /** What hash() tells; undefined when the server makes no checksums. */
  readonly hashing: HashAlgorithm | undefined;
  /** Hexadecimal, lower case; undefined when the server cannot say. `bytes`: the file's size, to know how long it may take. */
  hash(path: string, bytes?: number): Promise<string | undefined>;
  currentFolder(): Promise<string>;
  changeFolder(path: string): Promise<void>;
  noop(): Promise<void>;
  /** The same path from the root; undefined while it is not known where relative ones begin. */
  absolute(path: string): string | undefined;
  readonly soon: Soon;
  /** True while commands of `soon` wait. */
  readonly riding: boolean;
  /** True when commands of `soon` leave together; else each takes a round trip. */
  readonly pipelines: boolean;
  /** Sends them now and waits for their answers; throws only when the session is dead. */
  flush(): Promise<void>;
  /** Sends now what a flush() that is under way would send after the next answer. */
  hurry(): void;
  /** Any command that moves no data and changes no setting of the session; refusals are replies, too. */
  command(line: string): Promise<Reply>;
  /** Says goodbye and closes, without waiting for the server's; never throws. */
  quit(): Promise<void>;
  close(reason?: Error): void;
}
