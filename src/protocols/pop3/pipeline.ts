// Many RETRs and DELEs with few round trips: commands go ahead of their replies within a window (RFC 2449 section 6.6).
//
//   wanted ──fill()──► outstanding RETR, with the DELEs that are ready ──replies in order──► messages
//   A message that is asked for while the listing still arrives stands at the head of the queue.
import { MisuseError, RefusedError } from '../../core/errors.ts';
import { MessageBody } from './body.ts';
import type { Conversation } from './conversation.ts';
import { AHEAD_COMMANDS, IN_FLIGHT_BYTES_MAX, OUTSTANDING_COMMANDS_MAX } from './limits.ts';

export interface Wanted {
  readonly number: number;
  /** As LIST told it: what the window counts. */
  readonly size: number;
}

export interface Window {
  /** Commands sent and not answered; at least one always goes out. */
  readonly commands: number;
  /** Bytes asked for and not received. */
  readonly bytes: number;
}

/** DELEs on the way of a retrieval: they cost no round trip of their own. */
export interface Deletions {
  /** Numbers that have become ready since the last call. */
  take(atMost: number): readonly number[];
  /** The server has answered; undefined: the message is marked. */
  answered(number: number, refusal: RefusedError | undefined): void;
}

export interface RetrieveOptions extends Partial<Window> {
  readonly deletions?: Deletions;
}

export type Retrieved =
  | { readonly number: number; readonly body: MessageBody; readonly refusal?: undefined }
  | { readonly number: number; readonly refusal: RefusedError; readonly body?: undefined };

type Outstanding =
  | { readonly verb: 'RETR'; readonly number: number; readonly size: number }
  | { readonly verb: 'DELE'; readonly number: number };

export class Pipeline {
  readonly #talk: Conversation;
  readonly #window: Window;
  #outstanding: Outstanding[] = [];
  #unsent: Outstanding[] = [];
  #bytes = 0;

  constructor(talk: Conversation, { commands = OUTSTANDING_COMMANDS_MAX, bytes = IN_FLIGHT_BYTES_MAX }: Partial<Window>) {
    this.#talk = talk;
    this.#window = { commands: Math.min(commands, OUTSTANDING_COMMANDS_MAX), bytes };
  }

  /** Asks for a message while other replies still come. False: there is no room, and it was not asked for. */
  async ahead(wanted: Wanted): Promise<boolean> {
    if (!this.#hasRoom(wanted.size)) return false;
    this.#add({ verb: 'RETR', ...wanted });
    if (this.#unsent.length >= AHEAD_COMMANDS) await this.#send();
    return true;
  }

  /** Each entry must be read before the next is asked for; what is left of its body then is thrown away. */
  async *retrieve(wanted: Iterable<Wanted>, deletions?: Deletions): AsyncGenerator<Retrieved> {
    const source = wanted[Symbol.iterator]();
    let next = source.next();
    for (let ahead = this.#outstanding.length; ahead > 0 && !next.done; ahead--) next = source.next();
    for (;;) {
      if (this.#outstanding.length <= this.#window.commands / 2) {
        for (const number of deletions?.take(this.#room) ?? []) this.#add({ verb: 'DELE', number });
        for (; !next.done && this.#hasRoom(next.value.size); next = source.next()) this.#add({ verb: 'RETR', ...next.value });
      }
      await this.#send();
      const oldest = this.#outstanding.shift();
      if (oldest === undefined) return;
      if (oldest.verb === 'DELE') deletions?.answered(oldest.number, await this.#refused('DELE'));
      else yield* this.#retrieved(oldest);
    }
  }

  async *#retrieved({ number, size }: { readonly number: number; readonly size: number }): AsyncGenerator<Retrieved> {
    const refusal = await this.#refused('RETR');
    if (refusal !== undefined) yield { number, refusal };
    else {
      const body = new MessageBody(this.#talk, 'RETR');
      yield { number, body };
      await body.discard();
    }
    this.#bytes -= size;
  }

  get #room(): number {
    return Math.max(0, this.#window.commands - this.#outstanding.length);
  }

  #hasRoom(size: number): boolean {
    if (this.#outstanding.length === 0) return true;
    return this.#room > 0 && this.#bytes + size <= this.#window.bytes;
  }

  #add(command: Outstanding): void {
    this.#outstanding.push(command);
    this.#unsent.push(command);
    if (command.verb === 'RETR') this.#bytes += command.size;
  }

  async #send(): Promise<void> {
    if (this.#unsent.length === 0) return;
    const commands = this.#unsent.map(({ verb, number }) => ({ verb, number }));
    this.#unsent = [];
    await this.#talk.send(...commands);
  }

  /** The refusal that answers the oldest command, if it is one. */
  async #refused(verb: 'RETR' | 'DELE'): Promise<RefusedError | undefined> {
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
  for await (const { number } of pipeline.retrieve([], deletions)) throw new MisuseError(`message ${number} was not asked for`);
  return refusals;
}
