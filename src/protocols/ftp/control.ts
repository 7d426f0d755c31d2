// Drives the control connection: commands one at a time or several in one segment, their replies in order and within the deadline,
// and one cause of death for everybody.
import type { Clock, Timer } from '../../core/clock.ts';
import { BrokenSessionError, CancelledError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import { addressOf, type Endpoint } from '../net/endpoint.ts';
import { type ControlTransport, type Reader, type Transport, timedOut } from '../net/transport.ts';
import { Watch } from '../net/watch.ts';
import { type Command, commandOf, type Transcript } from '../wire/command.ts';
import { COMMAND_BYTES_MAX } from '../wire/limits.ts';
import type { Reply } from '../wire/reply.ts';
import type { Charset } from './charset.ts';
import { ALONE, type Departure, departing, packetsOf, type RideOptions, tooLong } from './departure.ts';
import { readable, serverClosing } from './errors.ts';
import { FAR_MS, NEAR_MS, PACKET_BYTES_MAX, WINDOW_BYTES, WINDOW_COMMANDS } from './limits.ts';
import { commandEncoder } from './paths.ts';
import { Reading, Running, type Taker } from './running.ts';
import { type CommandKind, FtpSession, type SessionEvent } from './session.ts';
import { type PipelineTrust, trustIn } from './trust.ts';

export interface ControlOptions {
  readonly endpoint: Endpoint;
  readonly clock: Clock;
  readonly charset: Charset;
  readonly transcript?: Transcript | undefined;
}

/** What the first reply answers. */
const NO_COMMAND: Command = { octets: '', shown: 'the greeting' };

export class FtpControl {
  readonly transport: ControlTransport;
  /** `host:port`, for messages. */
  readonly where: string;
  readonly trust: PipelineTrust;
  readonly #options: ControlOptions;
  readonly #session: FtpSession;
  readonly #encode: (text: string) => string;
  readonly #watch: Watch;
  #waiters: Departure[] = [];
  #riders: Departure[] = [];
  /** Of the commands in flight. */
  #waitingBytes = 0;
  /** Resolves with the next final reply, when somebody waits for one. */
  #reply: PromiseWithResolvers<void> | undefined;
  #reading = false;
  /** The quickest answer yet, which no server in need of time, and no busy machine here, makes quicker than the way is long. */
  #tripMs = Number.POSITIVE_INFINITY;
  #askedAt: number | undefined;
  #failure: Error | undefined;
  #farewell: Reply | undefined;

  constructor(transport: ControlTransport, options: ControlOptions) {
    this.transport = transport;
    this.where = addressOf(options.endpoint);
    this.trust = trustIn(options.endpoint);
    this.#options = options;
    this.#session = new FtpSession(bytes => options.charset.decode(bytes));
    this.#encode = commandEncoder(options.charset);
    this.#watch = new Watch(options.clock);
  }

  /** Why the session is dead, or undefined while it lives. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** The 421 that ended the session. */
  get farewell(): Reply | undefined {
    return this.#farewell;
  }

  /** No answer has come yet as fast as from nearby. */
  get far(): boolean {
    return this.#tripMs >= FAR_MS;
  }

  /** An answer has come as fast as from this machine, or the next one. */
  get near(): boolean {
    return this.#tripMs < NEAR_MS;
  }

  /** The greeting, whatever it says; 120 is waited through. */
  greeting(): Promise<Reply> {
    const greeting = departing('send', NO_COMMAND, new Running(NO_COMMAND.shown));
    this.#waiters.push(greeting);
    this.#read();
    return this.within(greeting.taker.shown, greeting.taker.final);
  }

  /**
   * Sends one command and returns its final reply, refusals included. Throws when the session is dead. `extraMs`: how much longer than
   * any other command it may take.
   */
  async exchange(line: string, shown?: string, extraMs = 0): Promise<Reply> {
    if (this.crowded) await this.flush();
    const running = this.#send('send', line, shown);
    return this.within(running.shown, running.final, this.#options.endpoint.timeoutMs + extraMs);
  }

  /** The same for what the server takes only right behind the command before: nothing leaves in between. */
  exchangeNext(line: string): Promise<Reply> {
    const running = this.#send('send', line, undefined, false);
    return this.within(running.shown, running.final);
  }

  /** Sends a command whose final reply comes when its data connection is done; no deadline runs until within() sets one. */
  begin(line: string): Running {
    return this.#send('transfer', line);
  }

  /** The same right behind the command before: REST holds for the next one only. */
  beginNext(line: string): Running {
    return this.#send('transfer', line, undefined, false);
  }

  /** `before`, whose reply is `taker`'s, and a transfer command in one segment. Only for a server that is trusted with it. */
  beginBoth(before: string, taker: Taker, line: string): Running {
    const first = departing('send', this.#command(before), taker);
    const transfer = this.#departing('transfer', line);
    this.#sendAll(this.#inCompany([first, transfer]));
    return transfer.taker;
  }

  /** Sends a command behind a transfer whose data has ended; undefined when its final reply is here already. */
  follow(line: string): Running | undefined {
    if (this.#failure !== undefined || !this.#session.ended()) return undefined;
    const departure = this.#departing('send', line);
    this.#sendAll([departure]);
    return departure.taker;
  }

  /**
   * Leaves in one segment with the next command, or at flush(). Resolves with its reply, refusals included; rejects when the session
   * dies. Alone it is not sent when `instead` has an answer. May be left alone: it never causes an unhandled rejection.
   */
  ride(line: string, options: RideOptions = {}): Promise<Reply> {
    const running = new Running(options.shown ?? line);
    this.rideFor(line, running, options);
    return running.final;
  }

  /** The same, for what `read` makes of the reply. A rejection must be looked at. */
  rideRead<T>(line: string, read: (reply: Reply) => T): Promise<T> {
    return new Promise((resolve, reject) => this.rideFor(line, new Reading(read, resolve, reject)));
  }

  /** The same for a taker, who is told at once when it cannot leave. */
  rideFor(line: string, taker: Taker, options: RideOptions = ALONE): void {
    try {
      if (this.#failure !== undefined) throw this.#failure;
      this.#riders.push(departing('send', this.#command(line, options.shown), taker, options));
    } catch (error) {
      taker.fail(error as Error);
    }
  }

  /** True while commands wait for company. */
  get riding(): boolean {
    return this.#riders.length > 0;
  }

  /** What waits must not, or should not, leave with the next command: flush() comes first. */
  get crowded(): boolean {
    return this.#riders.length > 0 && (!this.trust.given || this.#riders.length > WINDOW_COMMANDS);
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
    await this.within(oldest.command.shown, this.nextReply());
    return true;
  }

  /** Sends of what waits as much as the window has room for now; not to be called while a transfer runs. */
  hurry(): void {
    if (this.trust.given && this.#failure === undefined) this.#fillWindow();
  }

  /** Sends QUIT, and waits only for the replies of what waited to be sent. */
  async goodbye(): Promise<void> {
    if (this.crowded) await this.flush();
    this.#send('send', 'QUIT');
    while (this.#waiters.length > 1) await this.nextReply();
    await this.transport.end();
  }

  /** The next reply answers a transfer. */
  get transfers(): boolean {
    return this.#session.transfers;
  }

  /** Sends ABOR while a transfer runs; resolves with the reply to ABOR itself, after the transfer's own. */
  abort(): Promise<Reply> {
    return this.#send('abort', 'ABOR', undefined, false).final;
  }

  /** Waits for a reply; when it takes longer than `ms`, the session dies of `timed-out`. */
  within<T>(what: string, reply: Promise<T>, ms: number = this.#options.endpoint.timeoutMs): Promise<T> {
    return this.#watch.over(ms, () => this.#late(what, ms), reply);
  }

  /** The same deadline for whoever is told of the reply, and cancels it then. */
  watch(what: string, ms: number = this.#options.endpoint.timeoutMs): Timer {
    return this.#watch.begin(ms, () => this.#late(what, ms));
  }

  #late(what: string, ms: number): void {
    this.transport.close(timedOut(`${this.where}: ${printable(readable(what))}`, ms));
  }

  /** Waits for the next step of a data connection; when it takes longer than `ms`, that connection dies of `timed-out`. */
  dataWithin<T>(data: Transport, what: string, step: Promise<T>, ms: number = this.#options.endpoint.timeoutMs): Promise<T> {
    return this.#watch.over(ms, () => this.#dataLate(data, what, ms), step);
  }

  watchData(data: Transport, what: string, ms: number): Timer {
    return this.#watch.begin(ms, () => this.#dataLate(data, what, ms));
  }

  #dataLate(data: Transport, what: string, ms: number): void {
    data.close(timedOut(`${this.where}: data of "${what}"`, ms));
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
    this.#watch.stop();
    for (const { taker } of [...this.#waiters.splice(0), ...this.#riders.splice(0)]) taker.fail(this.#failure);
    this.#reply?.reject(this.#failure);
    this.transport.close(this.#failure);
  }

  #command(line: string, shown = line): Command {
    const octets = this.#encode(line);
    if (octets.length > COMMAND_BYTES_MAX) throw tooLong(shown);
    return commandOf(octets, shown);
  }

  #departing(kind: CommandKind, line: string, shown?: string): Departure<Running> {
    const command = this.#command(line, shown);
    return departing(kind, command, new Running(command.shown));
  }

  #send(kind: CommandKind, line: string, shown?: string, inCompany = true): Running {
    const departure = this.#departing(kind, line, shown);
    this.#sendAll(inCompany ? this.#inCompany([departure]) : [departure]);
    return departure.taker;
  }

  #inCompany(departures: readonly Departure[]): readonly Departure[] {
    return this.riding ? [...this.#boarded(), ...departures] : departures;
  }

  /** Not for every few bytes: a packet takes as long as a full one. */
  #fillWindow(): void {
    if (!this.riding || this.#waitingBytes > WINDOW_BYTES - PACKET_BYTES_MAX) return;
    const departures = this.#boarded(WINDOW_COMMANDS - this.#waiters.length, WINDOW_BYTES - this.#waitingBytes);
    if (departures.length > 0) this.#sendAll(departures);
  }

  /** Takes waiting commands, as many as fit; one at least when nothing is in flight. */
  #boarded(commandsMax = Number.POSITIVE_INFINITY, bytesMax = Number.POSITIVE_INFINITY): Departure[] {
    let count = 0;
    for (let bytes = 0; count < Math.min(this.#riders.length, commandsMax); count++) {
      bytes += this.#riders[count]?.command.octets.length ?? 0;
      if (bytes > bytesMax && count + this.#waiters.length > 0) break;
    }
    return this.#riders.splice(0, count);
  }

  #sendAll(departures: readonly Departure[]): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.near && this.#waiters.length === 0) this.#askedAt = this.#options.clock.elapsed();
    let octets = '';
    for (const departure of departures) {
      const { kind, command, options } = departure;
      this.#session.send(kind, command, options.inner);
      this.#options.transcript?.('>', printable(readable(command.shown)));
      departure.together = departures.length > 1;
      this.#waiters.push(departure);
      octets += command.octets;
    }
    this.#waitingBytes += octets.length;
    this.#read();
    if (octets.length <= PACKET_BYTES_MAX) this.transport.post(octets);
    else for (const packet of packetsOf(departures)) this.transport.post(packet);
  }

  async #alone(rider: Departure | undefined): Promise<true> {
    const answer = rider?.options.instead?.();
    if (answer !== undefined) rider?.taker.take(answer);
    else if (rider !== undefined) {
      this.#sendAll([rider]);
      await this.within(rider.command.shown, this.nextReply());
    }
    return true;
  }

  /** Resolves with the next final reply; only while one is due. */
  nextReply(): Promise<void> {
    this.#reply ??= Promise.withResolvers();
    return this.#reply.promise;
  }

  /** Reads as long as somebody waits for a reply, so that no read is pending when TLS starts. */
  #read(): void {
    if (this.#reading || this.#waiters.length === 0) return;
    this.#reading = true;
    this.transport.readFor(this.#reader);
  }

  readonly #reader: Reader = {
    take: chunk => this.#received(chunk),
    fail: error => this.close(error),
  };

  #received(chunk: Buffer | undefined): void {
    this.#reading = false;
    try {
      if (chunk === undefined) throw this.#hungUp();
      this.#measure();
      for (const event of this.#session.receive(chunk)) this.#dispatch(event);
      this.#read();
    } catch (error) {
      this.close(error as Error);
    }
  }

  /** The first answer to what was asked when nothing else was due. */
  #measure(): void {
    if (this.#askedAt === undefined) return;
    this.#tripMs = Math.min(this.#tripMs, this.#options.clock.elapsed() - this.#askedAt);
    this.#askedAt = undefined;
  }

  #dispatch(event: SessionEvent): void {
    if (event.kind === 'broken') throw event.error;
    const { transcript } = this.#options;
    if (transcript !== undefined)
      for (const line of event.reply.lines) transcript('<', printable(`${event.reply.code} ${readable(line)}`));
    switch (event.kind) {
      case 'preliminary':
        this.#heard(event.reply);
        return;
      case 'final':
        this.#answered(event.reply);
        return;
      case 'closing':
        this.#farewell = event.reply;
        throw serverClosing(this.where, event.reply);
    }
  }

  #answered(reply: Reply): void {
    const waiter = this.#waiters.shift();
    this.#waitingBytes -= waiter?.command.octets.length ?? 0;
    waiter?.taker.take(reply);
    this.#reply?.resolve();
    this.#reply = undefined;
  }

  #heard(reply: Reply): void {
    const waiter = this.#waiters[0];
    if (waiter === undefined) return;
    waiter.heard = true;
    waiter.taker.start?.(reply);
  }

  #hungUp(): BrokenSessionError {
    return new BrokenSessionError('connection-cut', `${this.where} closed the connection`, {
      hint: 'The server or the network dropped it; trying again usually helps.',
    });
  }
}
