// A data connection in clear that carries one file one way, made and ended with as little ado as Node allows: a mirror makes thousands.
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { MisuseError } from '../../core/errors.ts';
import { connectFailure } from './connect.ts';
import { CLOSED_HERE, connectionCut } from './ends.ts';
import { Inbound } from './inbound.ts';
import { Inlet } from './inlet.ts';
import type { DataTransport, DataUse, TransportAddress } from './transport.ts';

type Done = (error?: Error) => void;

export class OneWaySocket extends Inbound implements DataTransport {
  readonly secure = false;
  readonly #socket: Socket;
  readonly #inlet: Inlet | undefined;
  readonly #left: (socket: OneWaySocket) => void;
  #isMade = false;
  /** Whoever waits for the connection, for room to write, or until all is written. */
  #waiter: Done | undefined;

  /** `left` is told when the connection is given up or done with. */
  constructor(host: string, port: number, use: DataUse, left: (socket: OneWaySocket) => void) {
    super();
    this.#left = left;
    this.#inlet = use === 'sending' ? undefined : new Inlet(use, () => this.#received());
    // What Node knows to go one way, it does not listen to the other way, and closes at the end.
    const way = this.#inlet === undefined ? { readable: false } : { writable: false, onread: this.#inlet.onread };
    const socket = connect({ host, port, ...way } as NetConnectOpts);
    this.#socket = socket;
    socket.on('connect', () => {
      this.#isMade = true;
      this.#wake();
    });
    socket.on('error', error => this.fail(this.#isMade ? connectionCut(error) : connectFailure(error, host, port)));
    if (this.#inlet !== undefined) socket.on('end', () => this.giveEnd());
  }

  /** To be called at once: `made` is told when the connection is there, or cannot be had. */
  whenMade(made: Done): void {
    this.#waiter = made;
  }

  get remote(): TransportAddress {
    return { address: this.#socket.remoteAddress ?? '', port: this.#socket.remotePort ?? 0 };
  }

  get local(): TransportAddress {
    return { address: this.#socket.localAddress ?? '', port: this.#socket.localPort ?? 0 };
  }

  protected get isUnread(): boolean {
    return this.#inlet?.isEmpty === false;
  }

  protected takeUnread(): Buffer | undefined {
    return this.#inlet?.take();
  }

  protected override wanted(): void {
    if (this.#inlet?.nextRound()) this.#socket.resume();
  }

  protected failed(): void {
    this.#wake();
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (this.#socket.write(bytes)) return Promise.resolve();
    this.#socket.once('drain', () => this.#wake());
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
    if (this.failure !== undefined) return done(this.failure);
    if (last !== undefined) this.#socket.write(last);
    if (this.#socket.writableLength === 0 && this.#socket.errored === null) {
      this.#socket.destroy();
      return done();
    }
    this.#waiter = done;
    this.#socket.end((error?: Error | null) => (error ? this.fail(connectionCut(error)) : this.#wake()));
  }

  close(reason: Error = CLOSED_HERE): void {
    this.fail(reason);
    this.#socket.destroy();
    this.#left(this);
  }

  reset(reason: Error = CLOSED_HERE): void {
    this.fail(reason);
    if (this.#isMade && !this.#socket.destroyed) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
    this.#left(this);
  }

  #received(): void {
    if (this.hasReader) this.give(this.takeUnread());
  }

  #wake(): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.(this.failure);
  }
}
