// Many RETRs and DELEs with few round trips: commands go ahead of their replies within a window (RFC 2449 section 6.6).
//
//   wanted ──fill()──► outstanding RETR, with the DELEs that are ready ──replies in order──► messages
//   A message that is asked for while the listing still arrives stands at the head of the queue.
//
// A server that loses one command or answers one twice gives every later message the number of its neighbour, and no +OK shows it. So now
// and then a UIDL or LIST of the last message goes with the others: only when its answer names that message are those before it confirmed.
import { BrokenSessionError, MisuseError, RefusedError } from '../../core/errors.ts';
import { printable, shorten } from '../../core/text.ts';
import { type BodyOptions, MessageBody } from './body.ts';
import type { Conversation } from './conversation.ts';
import {
  AHEAD_COMMANDS,
  IN_FLIGHT_BYTES_MAX,
  OUTSTANDING_COMMANDS_MAX,
  UNCHECKED_BYTES_MAX,
  UNCHECKED_COMMANDS_MAX,
} from './limits.ts';

export interface Wanted {
  readonly number: number;
  /** As LIST told it: what the window counts. */
  readonly size: number;
  /** As UIDL told it, if it did. */
  readonly uid?: string | undefined;
  /** It may well break the session: what came before it is confirmed first. */
  readonly doubtful?: boolean;
}

export interface Window {
  /** Commands sent and not answered; at least one always goes out. */
  readonly commands: number;
  /** Bytes asked for and not received. */
  readonly bytes: number;
  /** RETRs between two questions for the message that the server has come to. */
  readonly unchecked: number;
}

/** DELEs on the way of a retrieval: they cost no round trip of their own. */
export interface Deletions {
  /** Numbers that have become ready since the last call. */
  take(atMost: number): readonly number[];
  /** The server has answered; undefined: the message is marked. */
  answered(number: number, refusal: RefusedError | undefined): void;
}

export interface RetrieveOptions extends Partial<Window>, BodyOptions {
  readonly deletions?: Deletions;
  /** The messages handed out so far are the ones that were asked for. Called at least once after the last. */
  readonly confirmed?: () => Promise<void>;
}

export type Retrieved =
  | { readonly number: number; readonly body: MessageBody; readonly refusal?: undefined }
  | { readonly number: number; readonly refusal: RefusedError; readonly body?: undefined };

type Outstanding =
  | ({ readonly verb: 'RETR' } & Wanted)
  | { readonly verb: 'DELE'; readonly number: number }
  | ({ readonly verb: 'LIST-ONE' | 'UIDL-ONE' } & Wanted);

export class Pipeline {
  readonly #talk: Conversation;
  readonly #window: Window;
  /** Of a message: all of it, or its header and so many lines. */
  readonly #topLines: number | undefined;
  #outstanding: Outstanding[] = [];
  #unsent: Outstanding[] = [];
  #bytes = 0;
  /** RETRs since the last check, and their bytes. */
  #unchecked = { commands: 0, bytes: 0 };
  #last: Wanted | undefined;

  constructor(talk: Conversation, window: Partial<Window> = {}, topLines?: number) {
    const { commands = OUTSTANDING_COMMANDS_MAX, bytes = IN_FLIGHT_BYTES_MAX, unchecked = UNCHECKED_COMMANDS_MAX } = window;
    this.#talk = talk;
    this.#topLines = topLines;
    this.#window = { commands: Math.min(commands, OUTSTANDING_COMMANDS_MAX), bytes, unchecked };
  }

  /** Asks for a message while other replies still come. False: there is no room, and it was not asked for. */
  async ahead(wanted: Wanted): Promise<boolean> {
    if (!this.#hasRoom(wanted.size)) return false;
    this.#add({ verb: 'RETR', ...wanted });
    if (this.#unsent.length >= AHEAD_COMMANDS) await this.#send();
    return true;
  }

  /** Each entry must be read before the next is asked for; what is left of its body then is thrown away. */
  async *retrieve(wanted: Iterable<Wanted>, { deletions, confirmed, lent }: RetrieveOptions = {}): AsyncGenerator<Retrieved> {
    const source = wanted[Symbol.iterator]();
    let next = source.next();
    for (const { verb } of this.#outstanding) if (verb === 'RETR') next = source.next();
    for (;;) {
      if (this.#outstanding.length <= this.#window.commands / 2) {
        for (const number of deletions?.take(this.#room) ?? []) this.#add({ verb: 'DELE', number });
        for (; !next.done && this.#hasRoom(next.value.size); next = source.next()) this.#add({ verb: 'RETR', ...next.value });
        if (next.done) this.#check();
      }
      await this.#send();
      const oldest = this.#outstanding.shift();
      if (oldest === undefined) return;
      if (oldest.verb === 'RETR') {
        yield* this.#retrieved(oldest, { lent: lent ?? false });
        if (this.#oneByOne) await confirmed?.();
      } else if (oldest.verb === 'DELE') deletions?.answered(oldest.number, await this.#refused('DELE'));
      else {
        await this.#confirm(oldest);
        await confirmed?.();
      }
    }
  }

  async *#retrieved({ number, size }: Wanted, options: BodyOptions): AsyncGenerator<Retrieved> {
    const verb = this.#topLines === undefined ? 'RETR' : 'TOP';
    const refusal = await this.#refused(verb);
    if (refusal !== undefined) yield { number, refusal };
    else {
      const body = new MessageBody(this.#talk, verb, options);
      yield { number, body };
      await body.discard();
      // Of a header nobody knows the size.
      if (verb === 'RETR' && this.#mayBeginWithReply(body, size))
        throw this.#talk.fail(lostCount(number, 'begins with another reply'));
    }
    this.#bytes -= size;
  }

  /**
   * One status line too many before a message, and its own has become its first line. Sizes tell, but some servers tell wrong ones (RFC 1939
   * section 11): where one reply is awaited at a time, which such a server comes to, only just the length of that line too many counts.
   */
  #mayBeginWithReply({ beginsLikeReply, bytes, firstLineBytes }: MessageBody, size: number): boolean {
    return beginsLikeReply && (this.#oneByOne ? bytes - size === firstLineBytes : bytes !== size);
  }

  get #room(): number {
    return Math.max(0, this.#window.commands - this.#outstanding.length);
  }

  #hasRoom(size: number): boolean {
    if (this.#outstanding.length === 0) return true;
    return this.#room > 0 && this.#bytes + size <= this.#window.bytes;
  }

  /** One reply is awaited at a time: there is nothing to mistake. */
  get #oneByOne(): boolean {
    return this.#window.commands === 1;
  }

  #add(command: Outstanding): void {
    if (command.verb === 'RETR' && (command.doubtful === true || command.size >= UNCHECKED_BYTES_MAX)) this.#check();
    this.#outstanding.push(command);
    this.#unsent.push(command);
    if (command.verb !== 'RETR') return;
    this.#bytes += command.size;
    this.#last = command;
    this.#unchecked = { commands: this.#unchecked.commands + 1, bytes: this.#unchecked.bytes + command.size };
    const { commands, bytes } = this.#unchecked;
    if (commands >= this.#window.unchecked || bytes >= UNCHECKED_BYTES_MAX) this.#check();
  }

  #check(): void {
    const last = this.#last;
    this.#last = undefined;
    this.#unchecked = { commands: 0, bytes: 0 };
    if (last === undefined || this.#oneByOne) return;
    this.#add({ ...last, verb: last.uid === undefined ? 'LIST-ONE' : 'UIDL-ONE' });
  }

  async #confirm({ verb, number, uid }: Wanted & { readonly verb: 'LIST-ONE' | 'UIDL-ONE' }): Promise<void> {
    const said = await this.#saidTo(verb);
    const [, first, rest = ''] = /^\s*(\d{1,10})\s+(.*)$/s.exec(said) ?? [];
    if (Number(first) === number && (uid === undefined || rest.trim() === uid)) return;
    throw this.#talk.fail(lostCount(number, `is called “${printable(shorten(said, 80))}”`));
  }

  async #saidTo(verb: 'LIST-ONE' | 'UIDL-ONE'): Promise<string> {
    try {
      return (await this.#talk.reply(verb)).text;
    } catch (error) {
      if (error instanceof RefusedError) return error.refusal.replyText;
      throw error;
    }
  }

  async #send(): Promise<void> {
    if (this.#unsent.length === 0) return;
    const lines = this.#topLines;
    const commands = this.#unsent.map(({ verb, number }) =>
      verb === 'RETR' && lines !== undefined ? { verb: 'TOP' as const, number, lines } : { verb, number },
    );
    this.#unsent = [];
    await this.#talk.send(...commands);
  }

  /** The refusal that answers the oldest command, if it is one. */
  async #refused(verb: 'RETR' | 'TOP' | 'DELE'): Promise<RefusedError | undefined> {
    try {
      await this.#talk.reply(verb);
      return undefined;
    } catch (error) {
      if (error instanceof RefusedError) return error;
      throw error;
    }
  }
}

/** The refused ones by number. */
export async function deleteMany(pipeline: Pipeline, numbers: readonly number[]): Promise<ReadonlyMap<number, RefusedError>> {
  const refusals = new Map<number, RefusedError>();
  let taken = 0;
  const deletions: Deletions = {
    take: atMost => {
      const some = numbers.slice(taken, taken + atMost);
      taken += some.length;
      return some;
    },
    answered: (number, refusal) => void (refusal === undefined || refusals.set(number, refusal)),
  };
  for await (const { number } of pipeline.retrieve([], { deletions }))
    throw new MisuseError(`message ${number} was not asked for`);
  return refusals;
}

function lostCount(number: number, how: string): BrokenSessionError {
  return new BrokenSessionError('protocol-broken', `the server and we have lost count of its replies: message ${number} ${how}`);
}
