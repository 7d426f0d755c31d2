// What the POP3 shell is connected to. Marks live in the session: only `quit` deletes, and a session that breaks deletes nothing.
import { AppError, CancelledError } from '../../core/errors.ts';
import { formatCount } from '../../core/units.ts';
import { dial } from '../../protocols/net/dial.ts';
import { addressOf, type Endpoint } from '../../protocols/net/endpoint.ts';
import { connectPop3, type Pop3Client } from '../../protocols/pop3/index.ts';
import type { OneOff } from '../oneoff/oneoff.ts';
import { resolveTarget } from '../oneoff/target.ts';

export interface Pop3ShellIo {
  /** Of the screen that results go to; undefined where they go to a file or a program. */
  readonly columns: () => number | undefined;
  /** One line of results. */
  readonly print: (line: string) => void;
  /** One line about what happens. */
  readonly say: (line: string) => void;
  /** Bytes of a message on stdout: on a terminal without what would steer it. */
  readonly show: (bytes: AsyncIterable<Buffer>) => Promise<void>;
}

export class Pop3Session {
  readonly one: OneOff;
  readonly io: Pop3ShellIo;
  /** Numbers marked for deletion. */
  readonly marked = new Set<number>();
  ended = false;
  #endpoint: Endpoint | undefined;
  #client: Pop3Client | undefined;

  constructor(one: OneOff, io: Pop3ShellIo) {
    this.one = one;
    this.io = io;
  }

  get where(): string {
    return this.#endpoint === undefined ? '' : addressOf(this.#endpoint);
  }

  async open(target: string): Promise<void> {
    this.#endpoint = (await resolveTarget(target, 'pop3', this.one)).endpoint;
    await this.client();
  }

  /** Connected again when the session has gone. */
  async client(): Promise<Pop3Client> {
    if (this.#client?.usable) return this.#client;
    if (this.#endpoint === undefined) throw new AppError('not-connected', 'not connected');
    this.forget();
    const { clock, signal, transcript } = this.one;
    this.#client = await connectPop3(this.#endpoint, { dial, clock, signal, transcript });
    return this.#client;
  }

  /** Says what a session took with it. */
  forget(): void {
    if (this.marked.size > 0) this.io.say(`${formatCount(this.marked.size, 'marks')} gone with the session: nothing was deleted`);
    this.marked.clear();
  }

  /** QUIT: the server deletes what is marked. */
  async quit(): Promise<void> {
    this.ended = true;
    if (!this.#client?.usable) return this.forget();
    await this.#client.quit();
    if (this.marked.size > 0) this.io.say(`deleted ${formatCount(this.marked.size, 'messages')}`);
    this.marked.clear();
  }

  /** Ends without deleting. */
  close(reason?: Error): void {
    this.#client?.close(reason);
  }

  /** Ctrl-C: a message on its way cannot be stopped otherwise. */
  cancel(): void {
    this.close(new CancelledError('interrupted'));
  }
}
