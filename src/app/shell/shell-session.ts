// What the shell is connected to and where it stands; a session that has gone is opened again, with its folder.
//
//   closed ──open──► connected ──(server gone, Ctrl-C on a deaf server, passive toggled)──► lost ──next command──► connected
//     ▲                 │ close
//     └─────────────────┘
import type { Timer } from '../../core/clock.ts';
import { AppError, BrokenSessionError, CancelledError } from '../../core/errors.ts';
import { connectFtp, type FtpClient } from '../../protocols/ftp/index.ts';
import { dial } from '../../protocols/net/dial.ts';
import { addressOf, type Endpoint } from '../../protocols/net/endpoint.ts';
import type { Transcript } from '../../protocols/wire/command.ts';
import type { TransferProgress } from '../ftp/progress.ts';
import type { OneOff } from '../oneoff/oneoff.ts';
import { resolveTarget } from '../oneoff/target.ts';
import { homeFolder } from '../workspace.ts';

export interface ShellIo {
  /** One line of results. */
  readonly print: (line: string) => void;
  /** One line about what happens. */
  readonly say: (line: string) => void;
  readonly progress: TransferProgress;
  /** Bytes of a file on stdout: on a terminal without what would steer it. */
  readonly show: (bytes: AsyncIterable<Buffer>) => Promise<void>;
  /** Writes without a line end, beside `say`. */
  readonly write: (text: string) => void;
  readonly columns: () => number;
  /** Absent in a script: nobody is asked. */
  readonly ask?: (question: string) => Promise<string>;
}

export interface ShellSettings {
  ascii: boolean;
  prompt: boolean;
  glob: boolean;
  /** Bytes for one `#`; 0 draws progress bars instead. */
  hashBytes: number;
  verbose: boolean;
  passive: boolean;
}

/** How long a transfer may take to end in order after Ctrl-C; then the connection is cut. */
const CANCEL_MS = 2_000;
/** After so long a silence a server may have gone: it is asked before a command that must not be sent twice. */
const IDLE_MS = 15_000;

export class ShellSession {
  readonly one: OneOff;
  readonly io: ShellIo;
  readonly settings: ShellSettings = { ascii: false, prompt: true, glob: true, hashBytes: 0, verbose: false, passive: true };
  /** Absolute: where local names start. */
  localFolder: string;
  /** Set by `quit`. */
  ended = false;
  #endpoint: Endpoint | undefined;
  #client: FtpClient | undefined;
  #folder: string | undefined;
  #folderBefore: string | undefined;
  #usedAt = 0;
  #controller = new AbortController();

  constructor(one: OneOff, io: ShellIo) {
    this.one = one;
    this.io = io;
    this.localFolder = one.workspace.cwd;
  }

  /** Aborts when the running command is cancelled. */
  get signal(): AbortSignal {
    return AbortSignal.any([this.#controller.signal, this.one.signal]);
  }

  /** `host:port`, or undefined when nothing is open. */
  get where(): string | undefined {
    return this.#endpoint === undefined ? undefined : addressOf(this.#endpoint);
  }

  get endpoint(): Endpoint | undefined {
    return this.#endpoint;
  }

  /** The folder on the server. */
  get folder(): string {
    return this.#folder ?? '';
  }

  get home(): string {
    return homeFolder();
  }

  async open(target: string): Promise<void> {
    if (this.#endpoint !== undefined) {
      throw new AppError('already-connected', `already connected to ${this.where}`, { hint: 'Use `close` first.' });
    }
    const { endpoint, path } = await resolveTarget(target, 'ftp', this.one);
    this.#endpoint = endpoint;
    this.settings.passive = endpoint.passive !== false;
    try {
      const client = await this.#connect();
      if (path !== '') await client.changeFolder(path);
      this.#folder = await client.currentFolder();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#endpoint = undefined;
    this.#folder = undefined;
    this.#folderBefore = undefined;
    await client?.quit();
  }

  /** Ends the session but stays where it is: the next command connects again. */
  async drop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.quit();
  }

  /** `repeatable: false` for what must not be sent twice when the connection breaks in the middle. */
  async use<T>(work: (client: FtpClient) => Promise<T>, { repeatable = true } = {}): Promise<T> {
    const client = await this.#live(repeatable);
    try {
      return await work(client);
    } catch (error) {
      const gone = error instanceof BrokenSessionError && error.retry === 'reconnect' && !client.usable;
      if (!gone || !repeatable || this.signal.aborted) throw error;
      this.io.say(`${error.message}; connecting again`);
      return await work(await this.#connect());
    } finally {
      this.#usedAt = this.one.clock.elapsed();
    }
  }

  /** `-` is the folder before. */
  async changeFolder(path: string): Promise<void> {
    const target = path === '-' ? (this.#folderBefore ?? path) : path;
    const before = this.#folder;
    this.#folder = await this.use(async client => {
      await client.changeFolder(target);
      return client.currentFolder();
    });
    this.#folderBefore = before;
  }

  /** Runs one command that cancel() can end. */
  async run(work: () => Promise<void>): Promise<void> {
    this.#controller = new AbortController();
    let deadline: Timer | undefined;
    this.#controller.signal.addEventListener('abort', () => {
      deadline = this.one.clock.after(CANCEL_MS, () => this.#client?.close(new CancelledError('interrupted')));
    });
    try {
      await work();
    } catch (error) {
      throw this.#controller.signal.aborted ? new CancelledError('interrupted', { cause: error }) : error;
    } finally {
      deadline?.cancel();
    }
  }

  /** Ctrl-C: the transfer is aborted in order; a server that does not hear it is cut off. */
  cancel(): void {
    this.#controller.abort(new CancelledError('interrupted'));
  }

  async #live(repeatable: boolean): Promise<FtpClient> {
    const client = this.#client;
    if (client === undefined || !client.usable) return this.#connect();
    if (repeatable || this.one.clock.elapsed() - this.#usedAt < IDLE_MS) return client;
    try {
      await client.noop();
      return client;
    } catch (error) {
      if (client.usable) return client;
      this.io.say(`${(error as Error).message}; connecting again`);
      return this.#connect();
    }
  }

  async #connect(): Promise<FtpClient> {
    const endpoint = this.#endpoint;
    if (endpoint === undefined) {
      throw new AppError('not-connected', 'not connected', { hint: 'Use `open ftp://user@host/folder` or `open @name`.' });
    }
    const { clock, signal } = this.one;
    const transcript: Transcript = (direction, line) => {
      if (this.one.transcript !== undefined) this.one.transcript(direction, line);
      else if (this.settings.verbose && direction === '<') this.io.say(line);
    };
    const passive = this.settings.passive;
    const client = await connectFtp({ ...endpoint, passive }, { dial, clock, signal, transcript });
    this.#client = client;
    if (this.#folder !== undefined) await client.changeFolder(this.#folder);
    return client;
  }
}
