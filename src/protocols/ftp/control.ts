// Drives the control connection: one command at a time, its reply within the deadline, and one cause of death for everybody.
import type { Clock } from '../../core/clock.ts';
import { AppError, BrokenSessionError, CancelledError } from '../../core/errors.ts';
import { printable, shorten } from '../../core/text.ts';
import { addressOf, type Endpoint } from '../net/endpoint.ts';
import { type ControlTransport, withDeadline } from '../net/transport.ts';
import { type Command, encodeCommand } from '../wire/command.ts';
import { COMMAND_BYTES_MAX } from '../wire/limits.ts';
import type { Reply } from '../wire/reply.ts';
import type { Charset } from './charset.ts';
import { readable, serverClosing } from './errors.ts';
import { commandEncoder } from './paths.ts';
import { type CommandKind, FtpSession, type SessionEvent } from './session.ts';

export interface ControlOptions {
  readonly endpoint: Endpoint;
  readonly clock: Clock;
  readonly charset: Charset;
  readonly transcript?: ((direction: '>' | '<', shown: string) => void) | undefined;
}

/** A transfer command in flight. Both promises may be left alone: they never cause an unhandled rejection. */
export interface Running {
  readonly shown: string;
  /** The first reply: 150, 125, or the final one. */
  readonly started: Promise<Reply>;
  readonly final: Promise<Reply>;
}

interface Waiter {
  preliminary(reply: Reply): void;
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

export class FtpControl {
  readonly transport: ControlTransport;
  /** `host:port`, for messages. */
  readonly where: string;
  readonly #options: ControlOptions;
  readonly #session: FtpSession;
  readonly #encode: (text: string) => Buffer;
  #waiters: Waiter[] = [];
  #pumping = false;
  #failure: Error | undefined;
  #farewell: Reply | undefined;

  constructor(transport: ControlTransport, options: ControlOptions) {
    this.transport = transport;
    this.where = addressOf(options.endpoint);
    this.#options = options;
    this.#session = new FtpSession(bytes => options.charset.decode(bytes));
    this.#encode = commandEncoder(options.charset);
  }

  /** Why the session is dead, or undefined while it lives. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** The 421 that ended the session. */
  get farewell(): Reply | undefined {
    return this.#farewell;
  }

  /** The greeting, whatever it says; 120 is waited through. */
  greeting(): Promise<Reply> {
    const { final } = this.#await('the greeting');
    return this.within('the greeting', final);
  }

  /** Sends one command and returns its final reply, refusals included. Throws when the session is dead. */
  async exchange(line: string, shown?: string): Promise<Reply> {
    const running = this.#send('send', this.#command(line, shown));
    return this.within(running.shown, running.final);
  }

  /** Sends a command whose final reply comes when its data connection is done; no deadline runs until within() sets one. */
  begin(line: string): Running {
    return this.#send('transfer', this.#command(line));
  }

  /** Sends ABOR while a transfer runs; resolves with the reply to ABOR itself, after the transfer's own. */
  abort(): Promise<Reply> {
    return this.#send('abort', this.#command('ABOR')).final;
  }

  /** Waits for a reply; when it takes longer than `ms`, the session dies of `timed-out`. */
  within<T>(what: string, reply: Promise<T>, ms: number = this.#options.endpoint.timeoutMs): Promise<T> {
    return withDeadline(this.transport, this.#options.clock, ms, `${this.where}: ${printable(readable(what))}`, () => reply);
  }

  async startTls(): Promise<void> {
    try {
      this.#session.assertSilent();
      await this.within('the TLS handshake', this.transport.startTls());
    } catch (error) {
      this.close(error as Error);
      throw error;
    }
  }

  /** Kills the session; the first reason stays. */
  close(reason: Error = new CancelledError('the connection was closed here')): void {
    this.#failure ??= reason;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#failure);
    this.transport.close(this.#failure);
  }

  #command(line: string, shown?: string): Command {
    const bytes = this.#encode(line);
    if (bytes.length > COMMAND_BYTES_MAX) throw tooLong(shown ?? line);
    return encodeCommand(line, { encode: () => bytes, ...(shown === undefined ? {} : { shown }) });
  }

  #send(kind: CommandKind, command: Command): Running {
    if (this.#failure !== undefined) throw this.#failure;
    const { bytes, shown } = this.#session.send(kind, command);
    this.#options.transcript?.('>', printable(readable(shown)));
    const running = this.#await(shown);
    this.transport.write(bytes).catch((error: Error) => this.close(error));
    return running;
  }

  #await(shown: string): Running {
    const started = Promise.withResolvers<Reply>();
    const final = Promise.withResolvers<Reply>();
    started.promise.catch(() => undefined);
    final.promise.catch(() => undefined);
    this.#waiters.push({
      preliminary: started.resolve,
      resolve(reply) {
        started.resolve(reply);
        final.resolve(reply);
      },
      reject(error) {
        started.reject(error);
        final.reject(error);
      },
    });
    void this.#pump();
    return { shown, started: started.promise, final: final.promise };
  }

  /** Reads as long as somebody waits for a reply, so that no read is pending when TLS starts. */
  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#waiters.length > 0) {
        const chunk = await this.transport.read();
        if (chunk === undefined) throw this.#hungUp();
        for (const event of this.#session.receive(chunk)) this.#dispatch(event);
      }
    } catch (error) {
      this.close(error as Error);
    } finally {
      this.#pumping = false;
    }
  }

  #dispatch(event: SessionEvent): void {
    if (event.kind === 'broken') throw event.error;
    for (const line of event.reply.lines) this.#options.transcript?.('<', printable(`${event.reply.code} ${readable(line)}`));
    switch (event.kind) {
      case 'preliminary':
        this.#waiters[0]?.preliminary(event.reply);
        return;
      case 'final':
        this.#waiters.shift()?.resolve(event.reply);
        return;
      case 'closing':
        this.#farewell = event.reply;
        throw serverClosing(this.where, event.reply);
    }
  }

  #hungUp(): BrokenSessionError {
    return new BrokenSessionError('connection-cut', `${this.where} closed the connection`, {
      hint: 'The server or the network dropped it; trying again usually helps.',
    });
  }
}

function tooLong(shown: string): AppError {
  return new AppError(
    'name-too-long',
    `"${shorten(printable(readable(shown)), 80)}" is longer than ${COMMAND_BYTES_MAX} bytes, more than a command may hold`,
    { hint: 'Shorten the path or exclude it.' },
  );
}
