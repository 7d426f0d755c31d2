// Drives a session over a transport: sends, waits with a deadline, hands out replies in order, and stops for good at the first error.
import type { Clock } from '../../core/clock.ts';
import { type AppError, BrokenSessionError, MisuseError } from '../../core/errors.ts';
import { boundGarbage, giveBack } from '../../core/memory.ts';
import type { Secret } from '../../core/secret.ts';
import { type ControlTransport, withDeadline } from '../net/transport.ts';
import { bytesOf, type Transcript } from '../wire/command.ts';
import { type Lines, linesIn } from '../wire/receive-buffer.ts';
import type { Pop3Command, Verb } from './command.ts';
import { type Purpose, refusal } from './refusal.ts';
import type { Response } from './response.ts';
import { type Pop3Event, Pop3Session } from './session.ts';

export interface ConversationOptions {
  readonly clock: Clock;
  /** Per exchange; while a message arrives, per chunk. */
  readonly timeoutMs: number;
  /** `host:port`, for messages. */
  readonly where: string;
  readonly transcript?: Transcript | undefined;
}

export class Conversation {
  readonly session = new Pop3Session();
  readonly where: string;
  readonly #transport: ControlTransport;
  readonly #options: ConversationOptions;
  #events: Pop3Event[] = [];
  /** What #events came of, and whether somebody may still hold a part of it. */
  #received: Buffer = Buffer.alloc(0);
  #mayBeKept = false;
  #next = 0;
  #shown: string[] = [];
  #failure: Error | undefined;

  constructor(transport: ControlTransport, options: ConversationOptions) {
    this.#transport = transport;
    this.#options = options;
    this.where = options.where;
  }

  get usable(): boolean {
    return this.#failure === undefined && this.session.state !== 'closed' && this.session.state !== 'broken';
  }

  get secure(): boolean {
    return this.#transport.secure;
  }

  /** Sends all commands in one write; their replies come in the same order. */
  async send(...commands: readonly Pop3Command[]): Promise<void> {
    this.#checkSound();
    const encoded = commands.map(command => this.session.send(command));
    this.#shown.push(...encoded.map(({ shown }) => shown));
    await this.#write(Buffer.concat(encoded.map(bytesOf)), encoded);
  }

  async respond(response: Secret | undefined): Promise<void> {
    const command = this.session.respond(response);
    await this.#write(bytesOf(command), [command]);
  }

  /** The greeting; throws RefusedError when it is -ERR. */
  async greeting(): Promise<Response> {
    const event = await this.event('the greeting');
    if (event.type !== 'greeting') throw this.#unexpected(event);
    if (!event.response.ok) throw refusal(event.response, '', 'greeting', this.where);
    return event.response;
  }

  /** The status reply to the oldest command without one; -ERR throws RefusedError and the session lives on. */
  async reply(verb: Verb, purpose: Purpose = 'command'): Promise<Response> {
    const event = await this.event(verb);
    if (event.type !== 'reply' || event.verb !== verb) throw this.#unexpected(event);
    return this.accept(event.response, purpose);
  }

  /** Takes note that the oldest command is answered. */
  accept(response: Response, purpose: Purpose): Response {
    const shown = this.#shown.shift() ?? '';
    if (!response.ok) throw refusal(response, shown, purpose, this.where);
    return response;
  }

  /** The lines after the reply to CAPA, LIST or UIDL. */
  async lines(verb: Verb, take: (line: Buffer) => void): Promise<void> {
    for await (const some of this.linesOf(verb)) {
      this.#guard(() => {
        for (const line of linesIn(some)) take(line);
      });
    }
  }

  /** The same, as many at once as have come. */
  async *linesOf(verb: Verb): AsyncGenerator<Lines> {
    for (let event = await this.event(verb); event.type !== 'end'; event = await this.event(verb)) {
      if (event.type !== 'lines') throw this.#unexpected(event);
      yield event.lines;
      boundGarbage();
    }
  }

  /**
   * The next octets of a message after the reply to RETR or TOP; undefined once it is complete. `lent`: they are valid only until the
   * next event is asked for.
   */
  async chunk(verb: Verb, lent: boolean): Promise<Buffer | undefined> {
    const event = await this.event(verb);
    if (event.type === 'end') return undefined;
    if (event.type !== 'data') throw this.#unexpected(event);
    this.#mayBeKept ||= !lent;
    return event.chunk;
  }

  async event(what: string): Promise<Pop3Event> {
    let event = this.#events[this.#next];
    if (event === undefined) {
      if (this.#failure !== undefined) throw this.#failure;
      this.#next = 0;
      this.#events = [];
      if (!this.#mayBeKept) giveBack(this.#received);
      this.#events = await this.#receive(what);
      event = this.#events[0];
    }
    this.#next += 1;
    if (event === undefined) throw this.fail(new MisuseError('no event'));
    if (event.type === 'broken') throw this.fail(event.error);
    return event;
  }

  async startTls(): Promise<void> {
    this.#checkSound();
    const { clock, timeoutMs } = this.#options;
    await withDeadline(this.#transport, clock, timeoutMs, 'the TLS handshake', () => this.#transport.startTls());
  }

  /** After QUIT: leaves in order. */
  async end(): Promise<void> {
    this.#failure ??= new MisuseError('this POP3 session has ended');
    await this.#transport.end().catch(() => undefined);
    this.#transport.close();
  }

  /** Ends the connection without QUIT: the server deletes nothing of what this session marked (RFC 1939 section 6). */
  fail<E extends Error>(error: E): E {
    this.#failure ??= error;
    this.#transport.close(error);
    return error;
  }

  /** Nothing is sent any more once an unexpected byte has come, even while replies before it wait to be read. */
  #checkSound(): void {
    if (this.#failure !== undefined) throw this.#failure;
    const last = this.#events.at(-1);
    if (last?.type === 'broken') throw this.fail(last.error);
  }

  /** Reads until at least one event is there. */
  async #receive(what: string): Promise<Pop3Event[]> {
    const { clock, timeoutMs } = this.#options;
    try {
      return await withDeadline(this.#transport, clock, timeoutMs, what, async () => {
        for (;;) {
          const bytes = await this.#transport.read();
          if (bytes === undefined) throw closedByServer(this.where, what);
          const events = this.session.receive(bytes);
          this.#received = bytes;
          this.#mayBeKept = false;
          if (events.length === 0) continue;
          this.#tell(events);
          return events;
        }
      });
    } catch (error) {
      throw this.fail(error as Error);
    }
  }

  async #write(bytes: Buffer, commands: readonly { readonly shown: string }[]): Promise<void> {
    const { transcript } = this.#options;
    if (transcript !== undefined) for (const { shown } of commands) transcript('>', shown);
    try {
      await this.#transport.write(bytes);
    } catch (error) {
      throw this.fail(error as Error);
    }
  }

  #tell(events: readonly Pop3Event[]): void {
    const { transcript } = this.#options;
    if (transcript === undefined) return;
    for (const event of events) {
      if (event.type !== 'greeting' && event.type !== 'reply') continue;
      const { ok, code, text } = event.response;
      transcript('<', [ok ? '+OK' : '-ERR', code === '' ? '' : `[${code}]`, text].filter(Boolean).join(' '));
    }
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.fail(error as Error);
    }
  }

  #unexpected(event: Pop3Event): AppError {
    return this.fail(new MisuseError(`a POP3 ${event.type} came where none belongs`));
  }
}

function closedByServer(where: string, what: string): BrokenSessionError {
  return new BrokenSessionError('connection-cut', `${where} closed the connection: ${what} was not answered to its end`, {
    hint: 'The network or the server dropped it; trying again usually helps.',
  });
}
