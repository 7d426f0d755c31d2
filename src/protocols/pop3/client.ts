// A signed-in POP3 session as its users see it. One operation at a time; the first broken exchange ends it for good.
import { CancelledError, MisuseError, RefusedError } from '../../core/errors.ts';
import { MessageBody } from './body.ts';
import type { Capabilities } from './capabilities.ts';
import type { Pop3Command } from './command.ts';
import type { Conversation } from './conversation.ts';
import { type Listing, parseStat, SizeList, type Stat, UidList } from './listing.ts';
import { deleteMany, type Retrieved, retrieveMany, type Wanted, type Window } from './pipeline.ts';

export interface Pop3Client {
  /** As told after sign-in. */
  readonly capabilities: Capabilities;
  /** False once the session has ended or broken. */
  readonly usable: boolean;
  stat(): Promise<Stat>;
  /** Message number → size as the server tells it. */
  list(): Promise<ReadonlyMap<number, number>>;
  /** Message number → unique id; undefined when the server has none. Asked even when CAPA does not offer it. */
  uidl(): Promise<ReadonlyMap<number, string> | undefined>;
  /** STAT, LIST and UIDL in one round trip where the server pipelines. */
  listing(): Promise<Listing>;
  /** The header and the first `lines` lines of the body. */
  top(number: number, lines: number): AsyncIterable<Buffer>;
  /** The exact octets; ends only when CRLF.CRLF has come, throws otherwise. */
  retrieve(number: number): AsyncIterable<Buffer>;
  /** Messages in order, asked for ahead within `window`. A refused one is an entry, no error. Leaving early closes the connection. */
  retrieveMany(wanted: readonly Wanted[], window?: Partial<Window>): AsyncIterable<Retrieved>;
  /** Marks a message; it is gone only when quit() has resolved. */
  delete(number: number): Promise<void>;
  /** The same for many; the map holds those that the server refused. */
  deleteMany(numbers: readonly number[]): Promise<ReadonlyMap<number, RefusedError>>;
  /** Takes back every delete() of this session. */
  reset(): Promise<void>;
  noop(): Promise<void>;
  /** Commits the deletes: only its resolving proves them. Throws `quit-refused` when some may have failed. */
  quit(): Promise<void>;
  /** Ends the connection without QUIT: nothing is deleted. */
  close(reason?: Error): void;
}

export class SessionClient implements Pop3Client {
  readonly capabilities: Capabilities;
  readonly #talk: Conversation;
  readonly #pipelining: boolean;
  #busy = false;

  constructor(talk: Conversation, capabilities: Capabilities, pipelining: boolean) {
    this.#talk = talk;
    this.capabilities = capabilities;
    this.#pipelining = pipelining && capabilities.pipelining;
  }

  get usable(): boolean {
    return this.#talk.usable;
  }

  stat(): Promise<Stat> {
    return this.#alone(async () => {
      await this.#talk.send({ verb: 'STAT' });
      return this.#readStat();
    });
  }

  list(): Promise<ReadonlyMap<number, number>> {
    return this.#alone(async () => {
      await this.#talk.send({ verb: 'LIST' });
      return this.#readSizes();
    });
  }

  uidl(): Promise<ReadonlyMap<number, string> | undefined> {
    return this.#alone(async () => {
      await this.#talk.send({ verb: 'UIDL' });
      return this.#readUids();
    });
  }

  listing(): Promise<Listing> {
    return this.#alone(() => (this.#pipelining ? this.#listAtOnce() : this.#listInTurn()));
  }

  top(number: number, lines: number): AsyncIterable<Buffer> {
    return this.#one({ verb: 'TOP', number, lines });
  }

  retrieve(number: number): AsyncIterable<Buffer> {
    return this.#one({ verb: 'RETR', number });
  }

  async *retrieveMany(wanted: readonly Wanted[], window: Partial<Window> = {}): AsyncGenerator<Retrieved> {
    this.#enter();
    let complete = false;
    try {
      yield* retrieveMany(this.#talk, wanted, this.#pipelining ? window : { ...window, commands: 1 });
      complete = true;
    } finally {
      if (!complete) this.#talk.fail(new CancelledError('the retrieval was left early'));
      this.#busy = false;
    }
  }

  delete(number: number): Promise<void> {
    return this.#simple({ verb: 'DELE', number });
  }

  deleteMany(numbers: readonly number[]): Promise<ReadonlyMap<number, RefusedError>> {
    return this.#alone(() => deleteMany(this.#talk, numbers, this.#pipelining));
  }

  reset(): Promise<void> {
    return this.#simple({ verb: 'RSET' });
  }

  noop(): Promise<void> {
    return this.#simple({ verb: 'NOOP' });
  }

  quit(): Promise<void> {
    return this.#alone(async () => {
      await this.#talk.send({ verb: 'QUIT' });
      try {
        await this.#talk.reply('QUIT', 'quit');
      } finally {
        await this.#talk.end();
      }
    });
  }

  close(reason: Error = new CancelledError('the POP3 session was closed here')): void {
    this.#talk.fail(reason);
  }

  async #listInTurn(): Promise<Listing> {
    await this.#talk.send({ verb: 'STAT' });
    const stat = await this.#readStat();
    await this.#talk.send({ verb: 'LIST' });
    const sizes = await this.#readSizes();
    await this.#talk.send({ verb: 'UIDL' });
    return { ...stat, sizes, uids: await this.#readUids() };
  }

  /** A refusal half way leaves replies that nobody reads: it ends the session. */
  async #listAtOnce(): Promise<Listing> {
    try {
      await this.#talk.send({ verb: 'STAT' }, { verb: 'LIST' }, { verb: 'UIDL' });
      const stat = await this.#readStat();
      const sizes = await this.#readSizes();
      return { ...stat, sizes, uids: await this.#readUids() };
    } catch (error) {
      throw this.#talk.fail(error as Error);
    }
  }

  async #readStat(): Promise<Stat> {
    const { text } = await this.#talk.reply('STAT');
    return this.#guard(() => parseStat(text));
  }

  async #readSizes(): Promise<ReadonlyMap<number, number>> {
    await this.#talk.reply('LIST');
    const list = new SizeList();
    await this.#talk.lines('LIST', line => list.take(line));
    return list.sizes;
  }

  async #readUids(): Promise<ReadonlyMap<number, string> | undefined> {
    try {
      await this.#talk.reply('UIDL');
    } catch (error) {
      if (error instanceof RefusedError && error.retry === 'never') return undefined;
      throw error;
    }
    const list = new UidList();
    await this.#talk.lines('UIDL', line => list.take(line));
    return list.uids;
  }

  async *#one(command: Pop3Command & { readonly verb: 'RETR' | 'TOP' }): AsyncGenerator<Buffer> {
    this.#enter();
    try {
      await this.#talk.send(command);
      await this.#talk.reply(command.verb);
      const body = new MessageBody(this.#talk, command.verb);
      try {
        yield* body;
      } finally {
        if (this.usable) await body.discard();
      }
    } finally {
      this.#busy = false;
    }
  }

  #simple(command: Pop3Command): Promise<void> {
    return this.#alone(async () => {
      await this.#talk.send(command);
      await this.#talk.reply(command.verb);
    });
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    this.#enter();
    try {
      return await work();
    } finally {
      this.#busy = false;
    }
  }

  #enter(): void {
    if (this.#busy) throw new MisuseError('a POP3 session does one thing at a time');
    this.#busy = true;
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.#talk.fail(error as Error);
    }
  }
}
