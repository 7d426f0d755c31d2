// Drives the control connection: commands one at a time or several in one segment, their replies in order and within the deadline,
// and one cause of death for everybody.
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
import { PACKET_BYTES_MAX, WINDOW_BYTES, WINDOW_COMMANDS } from './limits.ts';
import { commandEncoder } from './paths.ts';
import { type CommandKind, FtpSession, type InnerLines, type SessionEvent } from './session.ts';
import { type PipelineTrust, trustIn } from './trust.ts';

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

export interface RideOptions {
  /** Asked before the command is sent alone: a reply that makes it pointless, and answers it. */
  readonly instead?: () => Reply | undefined;
  /** Takes the lines inside its reply, which may then be of any length; must not throw. */
  readonly inner?: InnerLines;
  /** What transcripts show instead of the line. */
  readonly shown?: string;
}

/** A command that may wait for company. */
interface Rider {
  readonly command: Command;
  readonly options: RideOptions;
  readonly reply: Promise<Reply>;
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

type Departure = readonly [kind: CommandKind, command: Command, rider?: Rider | undefined];

interface Sent {
  readonly shown: string;
  readonly bytes: number;
  /** Left in one segment with others. */
  readonly together: boolean;
}

interface Waiter extends Sent {
  readonly answered: Promise<unknown>;
  heard: boolean;
  preliminary(reply: Reply): void;
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

export class FtpControl {
  readonly transport: ControlTransport;
  /** `host:port`, for messages. */
  readonly where: string;
  readonly trust: PipelineTrust;
  readonly #options: ControlOptions;
  readonly #session: FtpSession;
  readonly #encode: (text: string) => Buffer;
  #waiters: Waiter[] = [];
  #riders: Rider[] = [];
  /** Of the commands in flight. */
  #waitingBytes = 0;
  #pumping = false;
  #failure: Error | undefined;
  #farewell: Reply | undefined;

  constructor(transport: ControlTransport, options: ControlOptions) {
    this.transport = transport;
    this.where = addressOf(options.endpoint);
    this.trust = trustIn(options.endpoint);
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
    const { final } = this.#await({ shown: 'the greeting', bytes: 0, together: false });
    return this.within('the greeting', final);
  }

  /**
   * Sends one command and returns its final reply, refusals included. Throws when the session is dead. `extraMs`: how much longer than
   * any other command it may take.
   */
  async exchange(line: string, shown?: string, extraMs = 0): Promise<Reply> {
    await this.makeRoom();
    const command = this.#command(line, shown);
    const running = this.#send('send', command);
    return this.within(running.shown, running.final, this.#options.endpoint.timeoutMs + extraMs);
  }

  /** Sends a command whose final reply comes when its data connection is done; no deadline runs until within() sets one. */
  begin(line: string): Running {
    return this.#send('transfer', this.#command(line));
  }

  /** `before` and a transfer command in one segment. Only for a server that is trusted with it. */
  beginBoth(before: string, line: string): readonly [before: Running, transfer: Running] {
    const [first, transfer] = [this.#command(before), this.#command(line)];
    return this.#sendAll([...this.#boarded(), ['send', first], ['transfer', transfer]]).slice(-2) as [Running, Running];
  }

  /**
   * Leaves in one segment with the next command, or at flush(). Resolves with its reply, refusals included; rejects when the session
   * dies. Alone it is not sent when `instead` has an answer. May be left alone: it never causes an unhandled rejection.
   */
  ride(line: string, options: RideOptions = {}): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    promise.catch(() => undefined);
    try {
      if (this.#failure !== undefined) throw this.#failure;
      this.#riders.push({ command: this.#command(line, options.shown), options, reply: promise, resolve, reject });
    } catch (error) {
      reject(error);
    }
    return promise;
  }

  /** True while commands wait for company. */
  get riding(): boolean {
    return this.#riders.length > 0;
  }

  /** Sends what waits already when it must not, or should not, leave with the next command. */
  async makeRoom(): Promise<void> {
    if (this.#riders.length > 0 && (!this.trust.given || this.#riders.length > WINDOW_COMMANDS)) await this.flush();
  }

  /** Sends what waits, within the window or, to a server that is not trusted, one by one; resolves when all replies are there. */
  async flush(): Promise<void> {
    while (await this.advance());
  }

  /**
   * Sends of what waits as much as the window has room for, and waits for the oldest reply that is due. False when there was none. What is
   * in flight never exceeds the window, so that the server has read it before more can reach it.
   */
  async advance(): Promise<boolean> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.trust.given) this.#fillWindow();
    else if (this.#waiters.length === 0 && this.riding) return this.#alone(this.#riders.shift());
    const [oldest] = this.#waiters;
    if (oldest === undefined) return false;
    await this.within(oldest.shown, oldest.answered);
    return true;
  }

  /** Sends QUIT, and waits only for the replies of what waited to be sent. */
  async goodbye(): Promise<void> {
    await this.makeRoom();
    const last = this.#riders.at(-1)?.reply;
    this.#send('send', this.#command('QUIT'));
    await last;
    await this.transport.end();
  }

  /** Sends ABOR while a transfer runs; resolves with the reply to ABOR itself, after the transfer's own. */
  abort(): Promise<Reply> {
    return this.#send('abort', this.#command('ABOR')).final;
  }

  /** Waits for a reply; when it takes longer than `ms`, the session dies of `timed-out`. */
  within<T>(what: string, reply: Promise<T>, ms: number = this.#options.endpoint.timeoutMs): Promise<T> {
    const shown = () => `${this.where}: ${printable(readable(what))}`;
    return withDeadline(this.transport, this.#options.clock, ms, shown, () => reply);
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
    const [first] = this.#waiters;
    if (first?.together && !first.heard && this.#failure instanceof BrokenSessionError) this.trust.lose();
    this.#waitingBytes = 0;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#failure);
    for (const rider of this.#riders.splice(0)) rider.reject(this.#failure);
    this.transport.close(this.#failure);
  }

  #command(line: string, shown?: string): Command {
    const bytes = this.#encode(line);
    if (bytes.length > COMMAND_BYTES_MAX) throw tooLong(shown ?? line);
    return encodeCommand(line, { encode: () => bytes, ...(shown === undefined ? {} : { shown }) });
  }

  #send(kind: CommandKind, command: Command): Running {
    const riders = kind === 'abort' ? [] : this.#boarded();
    return this.#sendAll([...riders, [kind, command]]).at(-1) as Running;
  }

  /** Not for every few bytes: a packet takes as long as a full one. */
  #fillWindow(): void {
    if (!this.riding || this.#waitingBytes > WINDOW_BYTES - PACKET_BYTES_MAX) return;
    const departures = this.#boarded(WINDOW_COMMANDS - this.#waiters.length, WINDOW_BYTES - this.#waitingBytes);
    if (departures.length > 0) this.#sendAll(departures);
  }

  /** Takes waiting commands, as many as fit; one at least when nothing is in flight. */
  #boarded(commandsMax = Number.POSITIVE_INFINITY, bytesMax = Number.POSITIVE_INFINITY): Departure[] {
    const departures: Departure[] = [];
    let bytes = 0;
    for (let rider = this.#riders[0]; rider !== undefined && departures.length < commandsMax; rider = this.#riders[0]) {
      bytes += rider.command.bytes.length;
      if (bytes > bytesMax && departures.length + this.#waiters.length > 0) break;
      departures.push(['send', rider.command, this.#riders.shift()]);
    }
    return departures;
  }

  #sendAll(departures: readonly Departure[]): Running[] {
    if (this.#failure !== undefined) throw this.#failure;
    const together = departures.length > 1;
    const running = departures.map(([kind, command, rider]) => {
      const { shown } = this.#session.send(kind, command, rider?.options.inner);
      this.#options.transcript?.('>', printable(readable(shown)));
      const sent = { shown, bytes: command.bytes.length, together };
      return rider === undefined ? this.#await(sent) : this.#awaitFor(rider, sent);
    });
    for (const packet of packetsOf(departures.map(([, { bytes }]) => bytes)))
      this.transport.write(packet).catch((error: Error) => this.close(error));
    return running;
  }

  async #alone(rider: Rider | undefined): Promise<true> {
    const answer = rider?.options.instead?.();
    if (answer !== undefined) rider?.resolve(answer);
    else if (rider !== undefined) {
      const [running] = this.#sendAll([['send', rider.command, rider]]);
      if (running !== undefined) await this.within(running.shown, running.final);
    }
    return true;
  }

  #await(sent: Sent): Running {
    const started = Promise.withResolvers<Reply>();
    const final = Promise.withResolvers<Reply>();
    started.promise.catch(() => undefined);
    final.promise.catch(() => undefined);
    const waiter: Waiter = {
      ...sent,
      answered: final.promise,
      heard: false,
      preliminary(reply) {
        waiter.heard = true;
        started.resolve(reply);
      },
      resolve(reply) {
        started.resolve(reply);
        final.resolve(reply);
      },
      reject(error) {
        started.reject(error);
        final.reject(error);
      },
    };
    this.#wait(waiter);
    return { shown: sent.shown, started: started.promise, final: final.promise };
  }

  /** A rider waits on its own, and no one for its first reply: most commands of a mirror do. */
  #awaitFor({ reply, resolve, reject }: Rider, sent: Sent): Running {
    const waiter: Waiter = {
      ...sent,
      answered: reply,
      heard: false,
      preliminary() {
        waiter.heard = true;
      },
      resolve,
      reject,
    };
    this.#wait(waiter);
    return { shown: sent.shown, started: reply, final: reply };
  }

  #wait(waiter: Waiter): void {
    this.#waiters.push(waiter);
    this.#waitingBytes += waiter.bytes;
    void this.#pump();
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
        this.#answered(this.#waiters.shift(), event.reply);
        return;
      case 'closing':
        this.#farewell = event.reply;
        throw serverClosing(this.where, event.reply);
    }
  }

  #answered(waiter: Waiter | undefined, reply: Reply): void {
    this.#waitingBytes -= waiter?.bytes ?? 0;
    waiter?.resolve(reply);
  }

  #hungUp(): BrokenSessionError {
    return new BrokenSessionError('connection-cut', `${this.where} closed the connection`, {
      hint: 'The server or the network dropped it; trying again usually helps.',
    });
  }
}

/**
 * Commands that leave at once, in pieces that end with one and fit into one packet each: ProFTPD garbles a command that reaches it in two
 * pieces, when the cut is between its CR and its LF.
 */
function packetsOf(commands: readonly Uint8Array[]): readonly Uint8Array[] {
  const packets: Uint8Array[] = [];
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for (const command of commands) {
    if (bytes > 0 && bytes + command.length > PACKET_BYTES_MAX) {
      packets.push(Buffer.concat(waiting));
      [waiting, bytes] = [[], 0];
    }
    waiting.push(command);
    bytes += command.length;
  }
  return [...packets, Buffer.concat(waiting)];
}

function tooLong(shown: string): AppError {
  return new AppError(
    'name-too-long',
    `"${shorten(printable(readable(shown)), 80)}" is longer than ${COMMAND_BYTES_MAX} bytes, more than a command may hold`,
    { hint: 'Shorten the path or exclude it.' },
  );
}
