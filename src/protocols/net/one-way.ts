// A data connection in clear that carries one file one way, made and ended with as little ado as Node allows: a mirror makes thousands.
import { MisuseError } from '../../core/errors.ts';
import { connectFailure } from './connect.ts';
import { CLOSED_HERE, connectionCut } from './ends.ts';
import { Inbound } from './inbound.ts';
import { Inlet } from './inlet.ts';
import type { Line, LineUser } from './line.ts';
import type { DataTransport, DataUse, TransportAddress } from './transport.ts';

type Done = (error?: Error) => void;

export class OneWaySocket extends Inbound implements DataTransport, LineUser {
  readonly secure = false;
  readonly #host: string;
  readonly #port: number;
  readonly #inlet: Inlet | undefined;
  readonly #left: (socket: OneWaySocket) => void;
  /** Undefined once it is given up: the next connection may be on it. */
  #line: Line | undefined;
  #isMade = false;
  /** Whoever waits for the connection, for room to write, or until all is written. */
  #waiter: Done | undefined;

  /** `left` is told when the connection is given up or done with. */
  constructor(host: string, port: number, use: DataUse, left: (socket: OneWaySocket) => void) {
    super();
    this.#host = host;
    this.#port = port;
    this.#left = left;
    this.#inlet = use === 'sending' ? undefined : new Inlet(use);
  }

  /** On a free line that goes its way. `made` is told when the connection is there, or cannot be had. */
  connect(line: Line, made: Done): void {
    this.#waiter = made;
    this.#line = line;
    line.connect(this.#host, this.#port, this);
  }

  connected(): void {
    this.#isMade = true;
    this.#wake();
  }

  broken(error: Error): void {
    this.fail(this.#isMade ? connectionCut(error) : connectFailure(error, this.#host, this.#port));
  }

  get room(): Buffer {
    return this.#inlet?.room ?? NO_ROOM;
  }

  received(bytes: number): boolean {
    const inlet = this.#inlet;
    if (inlet === undefined) return false;
    const chunk = inlet.receive(bytes);
    if (this.hasReader) this.give(chunk);
    else inlet.keep(chunk);
    return !inlet.isFull;
  }

  ended(): void {
    this.giveEnd();
  }

  drained(): void {
    this.#wake();
  }

  get remote(): TransportAddress {
    return { address: this.#line?.socket.remoteAddress ?? '', port: this.#line?.socket.remotePort ?? 0 };
  }

  get local(): TransportAddress {
    return { address: this.#line?.socket.localAddress ?? '', port: this.#line?.socket.localPort ?? 0 };
  }

  protected get isUnread(): boolean {
    return this.#inlet?.isEmpty === false;
  }

  protected takeUnread(): Buffer | undefined {
    return this.#inlet?.take();
  }

  protected override wanted(): void {
    if (this.#inlet?.nextRound()) this.#line?.socket.resume();
  }

  protected failed(): void {
    this.#wake();
  }

  write(bytes: Uint8Array): Promise<void> {
    const line = this.#line;
    if (this.failure !== undefined || line === undefined) return Promise.reject(this.failure ?? connectionCut());
    if (line.socket.write(bytes)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiter = error => (error === undefined ? resolve() : reject(error));
    });
  }

  startTls(): Promise<void> {
    return Promise.reject(new MisuseError('this connection stays clear'));
  }

  end(last?: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => this.finish(last, error => (error === undefined ? resolve() : reject(error))));
  }

  /** Nearly always the system takes all of it at once, and needs nobody to see it off. */
  finish(last: Uint8Array | undefined, done: Done): void {
    const line = this.#line;
    if (this.failure !== undefined || line === undefined) return done(this.failure ?? connectionCut());
    const { socket } = line;
    if (last !== undefined) socket.write(last);
    if (socket.writableLength === 0 && socket.errored === null) {
      this.#line = undefined;
      line.hangUp();
      return done();
    }
    this.#waiter = done;
    socket.end((error?: Error | null) => (error ? this.fail(connectionCut(error)) : this.#wake()));
  }

  close(reason: Error = CLOSED_HERE): void {
    this.fail(reason);
    this.#line?.hangUp();
    this.#leave();
  }

  reset(reason: Error = CLOSED_HERE): void {
    this.fail(reason);
    this.#line?.reset();
    this.#leave();
  }

  #leave(): void {
    this.#line = undefined;
    this.#left(this);
  }

  #wake(): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.(this.failure);
  }
}

const NO_ROOM = Buffer.alloc(0);
