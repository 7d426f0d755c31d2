// A signed-in POP3 session as its users see it. One operation at a time; the first broken exchange ends it for good.
import { CancelledError, MisuseError, RefusedError } from '../../core/errors.ts';
import { linesIn } from '../wire/receive-buffer.ts';
import { MessageBody } from './body.ts';
import type { Capabilities } from './capabilities.ts';
import type { Pop3Command } from './command.ts';
import type { Conversation } from './conversation.ts';
import { TOP_BYTES_TYPICAL } from './limits.ts';
import { type Listing, parseStat, SizeList, type Stat, UidList } from './listing.ts';
import type { UidMap } from './numbered.ts';
import { deleteMany, Pipeline, type Retrieved, type RetrieveOptions, type Wanted, type Window } from './pipeline.ts';

/** Is this message to be retrieved, whatever the rest of the listing says? */
export type Ahead = (message: Wanted & { readonly uid: string }) => boolean;

export interface Pop3Client {
  /** As told after sign-in. */
  readonly capabilities: Capabilities;
  /** False once the session has ended or broken. */
  readonly usable: boolean;
  stat(): Promise<Stat>;
  /** Message number → size as the server tells it. */
  list(): Promise<ReadonlyMap<number, number>>;
  /** Message number → unique id; undefined when the server has none. Asked even when CAPA does not offer it. */
  uidl(): Promise<UidMap | undefined>;
  /**
   * STAT, LIST and UIDL in one round trip where the server pipelines. There, messages for which `ahead` says yes are asked for while
   * UIDL still arrives, as long as the window has room: the listing names them, and retrieveMany() has to come next and begin with them.
   */
  listing(ahead?: Ahead): Promise<Listing>;
  /** The header and the first `lines` lines of the body. */
  top(number: number, lines: number): AsyncIterable<Buffer>;
  /**
   * The same of many, asked for ahead within a window as retrieveMany() does. A refused one is an entry, no error; that each answer is the
   * one of its message is certain only after the last: throws `protocol-broken` then, if not. Leaving early closes the connection.
   */
  topMany(wanted: Iterable<Wanted>, lines: number): AsyncIterable<Retrieved>;
  /** The exact octets; ends only when CRLF.CRLF has come, throws otherwise. */
  retrieve(number: number): AsyncIterable<Buffer>;
  /**
   * Messages in order, asked for ahead within a window; `deletions` go with them. A refused one is an entry, no error.
   * `wanted` is read as far as there is room. Leaving early closes the connection.
   */
  retrieveMany(wanted: Iterable<Wanted>, options?: RetrieveOptions): AsyncIterable<Retrieved>;
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
  readonly #pipelines: boolean;
  readonly #window: Partial<Window>;
  #busy = false;
  /** With messages that listing() asked for. */
  #ahead: Pipeline | undefined;

  constructor(talk: Conversation, capabilities: Capabilities, pipelining: boolean, window: Partial<Window> = {}) {
    this.#talk = talk;
    this.#window = window;
    this.capabilities = capabilities;
    this.#pipelines = pipelining && capabilities.pipelining;
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

  uidl(): Promise<UidMap | undefined> {
    return this.#alone(async () => {
      await this.#talk.send({ verb: 'UIDL' });
      return this.#readUids();
    });
  }

  listing(ahead?: Ahead): Promise<Listing> {
    return this.#alone(() => (this.#pipelines ? this.#listAtOnce(ahead) : this.#listInTurn()));
  }

  top(number: number, lines: number): AsyncIterable<Buffer> {
    return this.#one({ verb: 'TOP', number, lines });
  }

  retrieve(number: number): AsyncIterable<Buffer> {
    return this.#one({ verb: 'RETR', number });
  }

  retrieveMany(wanted: Iterable<Wanted>, options: RetrieveOptions = {}): AsyncIterable<Retrieved> {
    return this.#many(wanted, options);
  }

  topMany(wanted: Iterable<Wanted>, lines: number): AsyncIterable<Retrieved> {
    const heads = Iterator.from(wanted).map(each => ({ ...each, size: Math.min(each.size, TOP_BYTES_TYPICAL) }));
    return this.#many(heads, {}, new Pipeline(this.#talk, this.#limits(), lines));
  }

  delete(number: number): Promise<void> {
    return this.#simple({ verb: 'DELE', number });
  }

  deleteMany(numbers: readonly number[]): Promise<ReadonlyMap<number, RefusedError>> {
    return this.#alone(() => deleteMany(this.#pipeline(), numbers));
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
    return { ...stat, sizes, uids: await this.#readUids(), asked: [] };
  }

  /** A refusal half way leaves replies that nobody reads: it ends the session. */
  async #listAtOnce(ahead: Ahead | undefined): Promise<Listing> {
    const pipeline = this.#pipeline();
    try {
      await this.#talk.send({ verb: 'STAT' }, { verb: 'LIST' }, { verb: 'UIDL' });
      const stat = await this.#readStat();
      const sizes = await this.#readSizes();
      const asked: number[] = [];
      const uids = await this.#readUids((number, uid) => {
        const wanted = { number, size: sizes.get(number) ?? 0, uid };
        if (ahead?.(wanted) !== true) return undefined;
        return pipeline.ahead(wanted).then(isAsked => {
          if (isAsked) asked.push(number);
        });
      });
      if (asked.length > 0) this.#ahead = pipeline;
      return { ...stat, sizes, uids, asked };
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

  async #readUids(each?: (number: number, uid: string) => Promise<void> | undefined): Promise<UidMap | undefined> {
    try {
      await this.#talk.reply('UIDL');
    } catch (error) {
      if (error instanceof RefusedError && error.retry === 'never') return undefined;
      throw error;
    }
    const list = new UidList();
    for await (const some of this.#talk.linesOf('UIDL')) {
      for (const line of linesIn(some)) {
        const entry = this.#guard(() => list.take(line));
        const asking = entry === undefined ? undefined : each?.(...entry);
        if (asking !== undefined) await asking;
      }
    }
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

  async *#many(wanted: Iterable<Wanted>, options: RetrieveOptions, heads?: Pipeline): AsyncGenerator<Retrieved> {
    const pipeline = heads ?? this.#ahead ?? this.#pipeline(options);
    if (heads === undefined) this.#ahead = undefined;
    this.#enter();
    let complete = false;
    try {
      yield* pipeline.retrieve(wanted, options);
      complete = true;
    } finally {
      if (!complete) this.#talk.fail(new CancelledError('the retrieval was left early'));
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

  #pipeline(window: Partial<Window> = {}): Pipeline {
    return new Pipeline(this.#talk, this.#limits(window));
  }

  #limits(window: Partial<Window> = {}): Partial<Window> {
    return { ...this.#window, ...window, ...(this.#pipelines ? {} : { commands: 1 }) };
  }

  #enter(): void {
    if (this.#ahead !== undefined) throw new MisuseError('messages were asked for and are still to be taken');
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
