// The FTP client: one signed-in session, one operation at a time.
import { type Clock, cancelled } from '../../core/clock.ts';
import { BrokenSessionError, MisuseError } from '../../core/errors.ts';
import type { Dial } from '../net/dial.ts';
import type { Endpoint } from '../net/endpoint.ts';
import { Landing } from '../net/landing.ts';
import type { DataUse } from '../net/transport.ts';
import type { Transcript } from '../wire/command.ts';
import type { Reply } from '../wire/reply.ts';
import { textFromWire, textToWire } from './ascii.ts';
import { Attributes } from './attributes.ts';
import { isClear } from './channel.ts';
import { charsetOf } from './charset.ts';
import type { DownloadOptions, FtpClient, Source, TransferOptions } from './contract.ts';
import { FtpControl } from './control.ts';
import { DataChannels } from './data.ts';
import { isPositive, unexpectedReply } from './errors.ts';
import { PathFacts } from './facts.ts';
import type { FtpFeatures } from './features.ts';
import { CurrentFolder } from './folder.ts';
import { type HashAlgorithm, Hashes } from './hash.ts';
import { QUIT_MS, WHOLE_BYTES_MAX } from './limits.ts';
import { FolderLister } from './list.ts';
import type { FtpEntry } from './listing/entry.ts';
import { type SignedIn, signIn } from './login.ts';
import { sendable } from './paths.ts';
import { quotable } from './quote.ts';
import { Receiving } from './receiving.ts';
import { commandsSoon, type Soon } from './soon.ts';
import { type ChunkTaker, type Moved, moved, only, receiveFrom, sendTo, sendWhole, takeAll } from './streams.ts';
import { beginTransfer, Transfer, type TransferContext } from './transfer.ts';
import { trustIn } from './trust.ts';

export interface FtpClientOptions {
  readonly dial: Dial;
  readonly clock: Clock;
  /** Aborting closes the connection at once, whatever runs. */
  readonly signal?: AbortSignal;
  /** Sees every command and reply line, secrets masked. */
  readonly transcript?: Transcript | undefined;
  /** The folder that will be listed first: it is entered, and its data connection asked for, together with the sign-in. */
  readonly opening?: string | undefined;
}

/** Connects and signs in. Throws with a code for each thing that can go wrong on the way; nothing stays open then. */
export async function connectFtp(endpoint: Endpoint, options: FtpClientOptions): Promise<FtpClient> {
  const trust = trustIn(endpoint);
  const trusted = trust.given;
  try {
    return await connectOnce(endpoint, options);
  } catch (error) {
    if (!(error instanceof BrokenSessionError) || !trusted || trust.given) throw error;
    return connectOnce(endpoint, options);
  }
}

/** Again is worth it when the server turned out not to bear several commands at once. */
async function connectOnce(endpoint: Endpoint, options: FtpClientOptions): Promise<FtpClient> {
  const { clock, signal } = options;
  const charset = charsetOf(endpoint.encoding);
  if (signal?.aborted) throw cancelled(signal);
  const began = clock.elapsed();
  const transport = await options.dial(endpoint, { clock, ...(signal === undefined ? {} : { signal }) });
  const distanceMs = clock.elapsed() - began;
  const control = new FtpControl(transport, { endpoint, clock, charset, transcript: options.transcript });
  try {
    const context = {
      control,
      channels: new DataChannels({ control, endpoint, clock }),
      endpoint,
      clock,
    };
    const folder = new CurrentFolder(control, endpoint);
    const signedIn = await signIn(control, endpoint, charset, () => {
      if (options.opening === undefined || !mayOpenWith(options.opening, control)) return;
      folder.foresee(options.opening);
      context.channels.foresee();
    });
    return new SignedInClient(
      context,
      { ...signedIn, distanceMs },
      folder,
      new FolderLister({ ...context, folder, charset, signedIn }),
    );
  } catch (error) {
    control.close(error as Error);
    throw error;
  }
}

/** Before OPTS UTF8 ON, names of other letters may mean something else. */
function mayOpenWith(path: string, control: FtpControl): boolean {
  return control.trust.given && control.trust.hasty && /^[\x20-\x7e]+$/.test(path);
}

class SignedInClient implements FtpClient {
  readonly features: FtpFeatures;
  readonly distanceMs: number;
  readonly soon: Soon;
  readonly #context: TransferContext;
  readonly #control: FtpControl;
  readonly #folder: CurrentFolder;
  readonly #lister: FolderLister;
  readonly #attributes: Attributes;
  readonly #hashes: Hashes;
  #running: string | undefined;
  #ascii = false;
  #landing: Landing | undefined;

  constructor(
    context: TransferContext,
    signedIn: SignedIn & { readonly distanceMs: number },
    folder: CurrentFolder,
    lister: FolderLister,
  ) {
    this.features = signedIn.features;
    this.distanceMs = signedIn.distanceMs;
    this.#context = context;
    this.#control = context.control;
    this.#folder = folder;
    this.#lister = lister;
    this.#attributes = new Attributes(context.control, signedIn.features);
    this.#hashes = new Hashes(context.control, signedIn.features);
    const facts = new PathFacts(this.#control, signedIn.features, this.#attributes);
    this.soon = commandsSoon({
      control: this.#control,
      folder,
      attributes: this.#attributes,
      hashes: this.#hashes,
      facts,
      lister,
    });
  }

  get usable(): boolean {
    return this.#control.failure === undefined;
  }

  get riding(): boolean {
    return this.#control.riding;
  }

  get pipelines(): boolean {
    return this.#control.trust.given;
  }

  get listsExactly(): boolean {
    const { control, endpoint } = this.#context;
    return this.features.mlst && control.near && isClear(endpoint);
  }

  flush(): Promise<void> {
    return this.#alone('flush', () => this.#control.flush());
  }

  hurry(): void {
    if (this.#running === 'flush') this.#control.hurry();
  }

  list(path: string): Promise<FtpEntry[]> {
    return this.#alone('list', () => this.#lister.list(path));
  }

  listTogether(paths: readonly string[]): Promise<readonly (readonly FtpEntry[] | undefined)[]> {
    return this.#alone('listTogether', () => this.#lister.together(paths));
  }

  async *download(path: string, options: DownloadOptions = {}): AsyncGenerator<Buffer, void, void> {
    this.#claim('download');
    try {
      const offset = wholeOffset(options.offset);
      const line = `RETR ${sendable(path)}`;
      await this.#folder.settle(path);
      await this.#setType(options.ascii === true, offset);
      const transfer = await this.#retrieve(line, offset, options);
      const bytes = receiveFrom(transfer, offset === 0 && !this.#ascii);
      yield* this.#ascii ? textFromWire(bytes) : bytes;
    } finally {
      this.#running = undefined;
    }
  }

  receive(path: string, take: ChunkTaker, options: DownloadOptions = {}): Promise<number> {
    if (options.ascii === true) return takeAll(this.download(path, options), take);
    if (this.#mayFold(path, options)) {
      const use = this.#landingOf(options.fleetingBytes);
      return this.#folded('RETR', path, use, (transfer, done) => new Receiving(transfer, true, take, done).begin());
    }
    return this.#at(path, 'receive', async () => {
      const offset = wholeOffset(options.offset);
      await this.#setType(false);
      const transfer = await this.#retrieve(`RETR ${path}`, offset, options);
      return moved(done => new Receiving(transfer, offset === 0, take, done).begin());
    });
  }

  #retrieve(line: string, offset: number, { fleetingBytes }: DownloadOptions): Promise<Transfer> {
    return beginTransfer(this.#context, line, offset, this.#ascii ? undefined : this.#landingOf(fleetingBytes));
  }

  upload(path: string, source: Source, options: TransferOptions = {}): Promise<number> {
    if (isWhole(source) && this.#mayFold(path, options)) {
      return this.#folded('STOR', path, 'sending', (transfer, done) => sendWhole(transfer, source, done));
    }
    return this.#send('STOR', path, source, options);
  }

  append(path: string, source: AsyncIterable<Uint8Array>): Promise<number> {
    return this.#send('APPE', path, source, {});
  }

  size(path: string): Promise<number | undefined> {
    return this.#at(path, 'size', async () => {
      await this.#setType(false);
      return this.#attributes.size(path);
    });
  }

  modified(path: string): Promise<number | undefined> {
    return this.#at(path, 'modified', () => this.#attributes.modified(path));
  }

  setModified(path: string, epochMs: number): Promise<boolean> {
    return this.#at(path, 'setModified', () => this.#attributes.setModified(path, epochMs));
  }

  makeFolder(path: string): Promise<void> {
    return this.#at(path, 'makeFolder', () => this.#demand(`MKD ${path}`));
  }

  removeFolder(path: string): Promise<void> {
    return this.#at(path, 'removeFolder', () => this.#demand(`RMD ${path}`));
  }

  remove(path: string): Promise<void> {
    return this.#at(path, 'remove', () => this.#demand(`DELE ${path}`));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#at(from, 'rename', async () => {
      const target = `RNTO ${sendable(to)}`;
      await this.#folder.settle(to);
      await this.#demand(`RNFR ${from}`, reply => reply.code === 350);
      const reply = await this.#control.exchangeNext(target);
      if (!isPositive(reply)) throw unexpectedReply(this.#control.where, target, reply);
    });
  }

  chmod(path: string, mode: number): Promise<boolean> {
    return this.#at(path, 'chmod', () => this.#attributes.chmod(path, mode));
  }

  get hashing(): HashAlgorithm | undefined {
    return this.#hashes.algorithm;
  }

  hash(path: string, bytes?: number): Promise<string | undefined> {
    return this.#at(path, 'hash', async () => {
      await this.#setType(false);
      return this.#hashes.hash(path, bytes);
    });
  }

  currentFolder(): Promise<string> {
    return this.#alone('currentFolder', () => this.#folder.show());
  }

  absolute(path: string): string | undefined {
    return this.#folder.absolute(path);
  }

  changeFolder(path: string): Promise<void> {
    return this.#alone('changeFolder', () => this.#folder.change(path));
  }

  noop(): Promise<void> {
    return this.#alone('noop', () => this.#demand('NOOP'));
  }

  command(line: string): Promise<Reply> {
    return this.#alone('command', async () => {
      const quoted = quotable(line);
      await this.#folder.settle('');
      return this.#control.exchange(quoted.line, quoted.shown);
    });
  }

  async quit(): Promise<void> {
    try {
      if (this.#running === undefined) {
        await this.#control.within('QUIT', this.#control.goodbye(), Math.min(QUIT_MS, this.#context.endpoint.timeoutMs));
      }
    } catch {
      // The work is done; how the server says goodbye changes nothing.
    } finally {
      this.close();
    }
  }

  close(reason?: Error): void {
    this.#control.close(reason);
  }

  /** One for the session: it does one thing at a time. */
  #landingOf(bytes: number | undefined): Landing | undefined {
    if (bytes !== undefined && this.#landing?.bytesMax !== bytes) this.#landing = new Landing(bytes);
    return bytes === undefined ? undefined : this.#landing;
  }

  #send(verb: 'STOR' | 'APPE', path: string, source: Source, options: TransferOptions): Promise<number> {
    return this.#at(path, 'upload', async () => {
      const offset = wholeOffset(options.offset);
      await this.#setType(options.ascii === true, offset);
      const transfer = await beginTransfer(this.#context, `${verb} ${path}`, offset, 'sending');
      if (isWhole(source) && !this.#ascii) return moved(done => sendWhole(transfer, source, done));
      const chunks = source instanceof Uint8Array ? only(source) : source;
      return sendTo(transfer, this.#ascii ? textToWire(chunks) : chunks);
    });
  }

  /** Nothing needs to be said before EPSV and the command. */
  #mayFold(path: string, { ascii = false, offset = 0 }: TransferOptions): boolean {
    return !ascii && !this.#ascii && !this.#folder.strayed(path) && this.#context.channels.mayFold(offset);
  }

  /** With one promise in all: a mirror moves thousands of files. */
  #folded(
    verb: 'RETR' | 'STOR',
    path: string,
    use: DataUse | undefined,
    move: (transfer: Transfer, done: Moved) => void,
  ): Promise<number> {
    return new Promise((resolve, reject) => {
      const line = `${verb} ${sendable(path)}`;
      this.#claim(verb === 'RETR' ? 'receive' : 'upload');
      const done: Moved = (error, bytes) => {
        this.#running = undefined;
        if (error === undefined) resolve(bytes);
        else reject(error);
      };
      this.#context.channels.openWith(line, use, {
        opened: begun => move(new Transfer(this.#context, begun), done),
        failed: error => done(error, 0),
      });
    });
  }

  /** Runs `work` alone, with `path` checked and meaning what the caller means. */
  #at<T>(path: string, what: string, work: () => Promise<T>): Promise<T> {
    return this.#alone(what, () => {
      if (!this.#folder.strayed(sendable(path))) return work();
      return this.#folder.settle(path).then(work);
    });
  }

  /** Binary since the sign-in; servers refuse SIZE as text. */
  async #setType(ascii: boolean, offset = 0): Promise<void> {
    if (ascii && offset > 0) throw new MisuseError('a text transfer cannot begin in the middle');
    if (this.#ascii === ascii) return;
    await this.#demand(ascii ? 'TYPE A' : 'TYPE I');
    this.#ascii = ascii;
  }

  async #alone<T>(what: string, work: () => Promise<T>): Promise<T> {
    this.#claim(what);
    try {
      return await work();
    } finally {
      this.#running = undefined;
    }
  }

  #claim(what: string): void {
    if (this.#running !== undefined)
      throw new MisuseError(`${what} was called while ${this.#running} runs on the same FTP session`);
    if (this.#control.failure !== undefined) throw this.#control.failure;
    this.#running = what;
  }

  async #demand(line: string, accepts: (reply: Reply) => boolean = isPositive): Promise<void> {
    const reply = await this.#control.exchange(line);
    if (!accepts(reply)) throw unexpectedReply(this.#control.where, line, reply);
  }
}

/** Small enough to be handed to the system in one go. */
function isWhole(source: Source): source is Uint8Array {
  return source instanceof Uint8Array && source.length <= WHOLE_BYTES_MAX;
}

function wholeOffset(offset = 0): number {
  if (!Number.isSafeInteger(offset) || offset < 0)
    throw new MisuseError(`an offset must be a whole number of bytes, not ${offset}`);
  return offset;
}
