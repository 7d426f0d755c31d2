// Drives a session over a transport: sends commands, reads until the next reply, keeps the deadline; any failure ends it for good.
import { type Clock, nextTurn } from '../../core/clock.ts';
import { BrokenSessionError } from '../../core/errors.ts';
import { type Transport, timedOut } from '../net/transport.ts';
import { Watch } from '../net/watch.ts';
import { bytesOf, type Transcript } from '../wire/command.ts';
import type { SmtpCommand } from './command.ts';
import type { SmtpEvent, SmtpSession } from './session.ts';
import { replyText } from './status.ts';

export interface ConversationOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** `host:port`, for messages. */
  readonly where: string;
  readonly transcript?: Transcript | undefined;
}

/** Turns of the event loop, a few microseconds each, that a near server has for its answer before our process goes to sleep. */
const AWAKE_TURNS_MAX = 100;

export class Conversation {
  readonly session: SmtpSession;
  readonly where: string;
  readonly timeoutMs: number;
  readonly #transport: Transport;
  readonly #options: ConversationOptions;
  readonly #watch: Watch;
  #broken = false;
  #reason: Error | undefined;
  #goodbye: Error | undefined;
  #awakeTurns = 0;

  constructor(transport: Transport, session: SmtpSession, options: ConversationOptions) {
    this.session = session;
    this.where = options.where;
    this.timeoutMs = options.timeoutMs;
    this.#transport = transport;
    this.#options = options;
    this.#watch = new Watch(options.clock);
  }

  get transport(): Transport {
    return this.#transport;
  }

  /** True after any failure: nothing may be read from this connection any more. */
  get broken(): boolean {
    return this.#broken;
  }

  /** One command and its reply. */
  async ask(command: SmtpCommand): Promise<SmtpEvent> {
    await this.send([command]);
    return this.reply();
  }

  /** A group of commands in one write, after `lead` (the end of a message). */
  send(commands: readonly SmtpCommand[], lead: readonly Buffer[] = []): Promise<void> {
    return this.write(Buffer.concat([...lead, ...this.encode(commands)]), commands[0]?.verb ?? 'the end of the message');
  }

  /** Commands as bytes; the caller writes them before anything else. */
  encode(commands: readonly SmtpCommand[]): readonly Buffer[] {
    return commands.map(command => {
      const sent = this.session.send(command);
      this.#options.transcript?.('>', sent.shown);
      return bytesOf(sent);
    });
  }

  write(bytes: Uint8Array, what: string): Promise<void> {
    return this.#guard(what, this.timeoutMs, this.#transport.write(bytes));
  }

  /**
   * The next reply. A 421 rejects with `server-closing`, except as the verdict on a message, where it is an answer like others.
   */
  async reply(timeoutMs: number = this.timeoutMs): Promise<SmtpEvent> {
    return this.heard() ?? this.#understood(await this.#guard('the server’s reply', timeoutMs, this.#nextEvent()));
  }

  /** The next reply where it has come already: nothing is waited for. Throws as reply() rejects. */
  heard(): SmtpEvent | undefined {
    if (this.#broken) return undefined;
    const event = this.#next();
    return event === undefined ? undefined : this.#understood(event);
  }

  /** The next reply may be there sooner than a sleeping process wakes up: the event loop turns for a moment instead of waiting. */
  stayAwake(): void {
    const asleep = this.#awakeTurns === 0;
    this.#awakeTurns = AWAKE_TURNS_MAX;
    if (asleep) void this.#turn();
  }

  /** The same, whatever it means for the session. */
  early(): SmtpEvent | undefined {
    const event = this.session.next();
    if (event !== undefined) this.#options.transcript?.('<', replyText(event.reply));
    return event;
  }

  /** After QUIT: true when the server closes without another word. */
  async silentToItsEnd(): Promise<boolean> {
    const chunk = await this.#guard('the end of the session', this.timeoutMs, this.#transport.read());
    return chunk === undefined && this.session.unread === 0;
  }

  /** True when nothing more can be sent or heard. */
  get over(): boolean {
    return this.#broken || this.session.state === 'ended';
  }

  /** Why it is over. */
  ending(): Error {
    return this.#reason ?? this.#goodbye ?? ended(this.where);
  }

  /** Closes the connection for this reason and hands the reason back. */
  fail<E extends Error>(reason: E): E {
    this.#broken = true;
    this.#reason ??= reason;
    this.#watch.stop();
    this.#transport.close(reason);
    return reason;
  }

  async #turn(): Promise<void> {
    while (this.#awakeTurns > 0) {
      await nextTurn();
      this.#awakeTurns -= 1;
    }
  }

  #next(): SmtpEvent | undefined {
    try {
      return this.session.next();
    } catch (error) {
      throw this.fail(error as Error);
    }
  }

  #understood(event: SmtpEvent): SmtpEvent {
    this.#options.transcript?.('<', replyText(event.reply));
    if (!event.closing) return event;
    this.#goodbye = closing(this.where, event);
    if (event.to !== 'message') throw this.fail(this.#goodbye);
    return event;
  }

  async #nextEvent(): Promise<SmtpEvent> {
    for (;;) {
      const event = this.session.next();
      if (event !== undefined) return event;
      const chunk = await this.#transport.read();
      if (chunk === undefined) throw ended(this.where);
      this.#awakeTurns = Math.min(this.#awakeTurns, 1);
      this.session.receive(chunk);
    }
  }

  async #guard<T>(what: string, ms: number, work: Promise<T>): Promise<T> {
    try {
      return await this.#watch.over(ms, () => this.#transport.close(timedOut(`${what} (${this.where})`, ms)), work);
    } catch (error) {
      throw this.fail(error as Error);
    }
  }
}

function closing(where: string, event: SmtpEvent): BrokenSessionError {
  return new BrokenSessionError('server-closing', `${where} ends the session: ${replyText(event.reply)}`, {
    retry: 'later',
    hint: 'The server is busy, is going down, or limits connections; trying again later usually helps.',
  });
}

function ended(where: string): BrokenSessionError {
  return new BrokenSessionError('connection-cut', `${where} closed the connection in the middle of the dialogue`, {
    hint: 'The network or the server dropped it; trying again usually helps.',
  });
}
