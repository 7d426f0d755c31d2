// A Transport over a TCP socket of Node: bounded reading, back-pressure, upgrade to TLS in both roles.
import type { Socket } from 'node:net';
import { type SecureContextOptions, TLSSocket, connect as tlsConnect } from 'node:tls';
import { nextTurn } from '../../core/clock.ts';
import { BrokenSessionError, MisuseError } from '../../core/errors.ts';
import { giveBack } from '../../core/memory.ts';
import { UNREAD_BYTES_MAX } from '../wire/limits.ts';
import { CLOSED_HERE, connectionCut } from './ends.ts';
import { Inbound } from './inbound.ts';
import type { Intake } from './intake.ts';
import type { Landing } from './landing.ts';
import { type TlsClient, tlsFailure, verifyPeer } from './tls.ts';
import type { DataTransport, TransportAddress } from './transport.ts';

/** What a full record of TLS holds (RFC 8446 section 5.1). */
const RECORD_BYTES = 16 * 1024;

export interface SocketWays {
  readonly tlsAtOnce?: boolean;
  readonly intake?: Intake | undefined;
}

export class SocketTransport extends Inbound implements DataTransport {
  /** The TCP socket under `#socket`, which is the TLS socket once there is one. */
  readonly #tcp: Socket;
  #socket: Socket;
  readonly #tls: TlsClient | undefined;
  readonly #landing: Landing | undefined;
  #isGathering = false;
  #isListening = false;
  #unread: Buffer[] = [];
  #unreadBytes = 0;
  #remote: TransportAddress | undefined;
  #local: TransportAddress | undefined;
  #drained: (() => void)[] = [];
  /** Ours alone: others listen to the end of the TCP socket, too, also when TLS takes it over. */
  readonly #listeners = {
    data: (chunk: Buffer) => this.#receive(chunk),
    end: () => {
      this.#giveUnread();
      this.giveEnd();
    },
    error: (error: Error) => this.fail(connectionCut(error)),
    close: () => {
      if (!this.hasEnded && this.failure === undefined) this.fail(connectionCut());
      this.#wake();
    },
    drain: () => this.#wake(),
  };

  /**
   * `tls` is what startTls() needs; without it the connection stays clear. `landing`: where what came in one turn of the event loop is put
   * together, as TLS gives away 16 KB at a time; what read() gives holds then only until the next read(). With `tlsAtOnce`, startTls() follows as
   soon as there is a connection, and whoever makes that connection listens to its errors. `intake`: what the socket receives into, in clear.
   */
  constructor(socket: Socket, tls?: TlsClient, landing?: Landing, { tlsAtOnce = false, intake }: SocketWays = {}) {
    super();
    this.#tcp = socket;
    this.#socket = socket;
    this.#tls = tls;
    this.#landing = landing;
    // What waits for company on a data connection leaves with its end, which follows at once: a small file may be one packet, not three.
    if (!tlsAtOnce) socket.setNoDelay(true);
    if (!tlsAtOnce) this.#listen();
    intake?.pour(chunk => this.#receive(this.hasQuickReader ? chunk : Buffer.from(chunk)));
  }

  /** Asked of the system when it is first wanted, which for most connections is never; empty when that is after the close. */
  get remote(): TransportAddress {
    this.#remote ??= { address: this.#tcp.remoteAddress ?? '', port: this.#tcp.remotePort ?? 0 };
    return this.#remote;
  }

  get local(): TransportAddress {
    this.#local ??= { address: this.#tcp.localAddress ?? '', port: this.#tcp.localPort ?? 0 };
    return this.#local;
  }

  get secure(): boolean {
    // Not by its class: a connection in clear would have all of TLS made ready for the question.
    return 'encrypted' in this.#socket;
  }

  /** Received and not read yet. */
  get unreadBytes(): number {
    return this.#unreadBytes;
  }

  protected get isUnread(): boolean {
    return this.#unread.length > 0;
  }

  protected takeUnread(): Buffer | undefined {
    const first = this.#unread.shift();
    if (first === undefined) return undefined;
    const landing = this.#landing;
    const chunk = landing === undefined ? first : joined(first, this.#unread, landing.buffer);
    if (this.#unread.length > 0) landing?.grow();
    this.#unreadBytes -= chunk.length;
    if (this.#unreadBytes <= UNREAD_BYTES_MAX / 2 && this.#socket.isPaused()) this.#socket.resume();
    return chunk;
  }

  /** It is read once more. */
  protected putBack(chunk: Buffer): void {
    this.#unread.unshift(chunk);
    this.#unreadBytes += chunk.length;
  }

  protected failed(): void {
    this.#wake();
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    // The peer closed while nobody was reading: Node would neither send nor say so.
    if (!this.#socket.writable) return Promise.reject(connectionCut());
    if (this.#socket.write(bytes)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#drained.push(() => (this.failure === undefined ? resolve() : reject(this.failure)));
    });
  }

  post(octets: string): void {
    if (this.failure === undefined && this.#socket.writable) this.#socket.write(octets, 'latin1');
  }

  startTls(): Promise<void> {
    const tls = this.#tls;
    if (tls === undefined) return Promise.reject(new MisuseError('this transport has no TLS settings'));
    return this.#upgrade(raw => tlsConnect({ ...tls.options(), socket: raw }), tls);
  }

  /** The server's side of TLS, for the sandbox and for tests. */
  startTlsServer(context: SecureContextOptions): Promise<void> {
    return this.#upgrade(raw => new TLSSocket(raw, { isServer: true, ...context }));
  }

  end(last?: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => this.finish(last, error => (error === undefined ? resolve() : reject(error))));
  }

  finish(last: Uint8Array | undefined, done: (error?: Error) => void): void {
    if (this.failure !== undefined) return done(this.failure);
    this.#drained.push(() => done(this.failure));
    if (last === undefined) this.#socket.end(() => this.#wake());
    else this.#socket.end(last, () => this.#wake());
  }

  close(reason: Error = CLOSED_HERE): void {
    this.fail(reason);
    this.#socket.destroy();
  }

  reset(reason: Error = CLOSED_HERE): void {
    this.fail(reason);
    if (!this.#tcp.destroyed) this.#tcp.resetAndDestroy();
    this.#socket.destroy();
  }

  #upgrade(wrap: (raw: Socket) => TLSSocket, tls?: TlsClient): Promise<void> {
    if (this.#unreadBytes > 0) this.close(injected());
    // Nobody listened; Node would wait for a handshake for ever.
    else if (this.#tcp.destroyed) this.fail(connectionCut());
    return new Promise((resolve, reject) => {
      if (this.failure !== undefined) throw this.failure;
      const raw = this.#socket;
      this.#stopListening();
      const secured = wrap(raw);
      this.#socket = secured;
      tls?.recognise(secured);
      if (tls !== undefined) secured.on('session', session => tls.remember(session));
      const fail = (error: Error) => {
        this.fail(tls === undefined ? error : tlsFailure(error, tls));
        secured.destroy();
        reject(this.failure);
      };
      secured.on('error', fail);
      secured.on('close', () => fail(this.failure ?? new Error('the connection was closed during the TLS handshake')));
      secured.once(tls === undefined ? 'secure' : 'secureConnect', () => {
        secured.removeAllListeners('error').removeAllListeners('close');
        const refusal = tls === undefined ? undefined : verifyPeer(secured, tls);
        if (refusal !== undefined) return fail(refusal);
        tls?.secured(secured);
        this.#listen();
        // Node says so from inside OpenSSL's handshake, where end() would leave without a close_notify (TLS 1.3), and whoever resets the
        // connection would free what OpenSSL still works on: the process would crash.
        void nextTurn().then(resolve);
      });
    });
  }

  #listen(): void {
    this.#isListening = true;
    for (const [event, listener] of Object.entries(this.#listeners)) this.#socket.on(event, listener);
  }

  #stopListening(): void {
    if (!this.#isListening) return;
    this.#isListening = false;
    for (const [event, listener] of Object.entries(this.#listeners)) this.#socket.removeListener(event, listener);
  }

  #receive(chunk: Buffer): void {
    if (this.hasReader && this.#landing === undefined) return this.give(chunk);
    this.#unread.push(chunk);
    this.#unreadBytes += chunk.length;
    if (this.#unreadBytes > UNREAD_BYTES_MAX) this.#socket.pause();
    if (!this.hasReader) return;
    if (chunk.length < RECORD_BYTES) this.#giveUnread();
    else void this.#gather();
  }

  /** More of what has arrived is about to be decrypted. */
  async #gather(): Promise<void> {
    if (this.#isGathering) return;
    this.#isGathering = true;
    await nextTurn();
    this.#isGathering = false;
    this.#giveUnread();
  }

  #giveUnread(): void {
    const chunk = this.hasReader ? this.takeUnread() : undefined;
    if (chunk !== undefined) this.give(chunk);
  }

  #wake(): void {
    for (const wake of this.#drained.splice(0)) wake();
  }
}

function injected(): BrokenSessionError {
  return new BrokenSessionError(
    'plaintext-injected',
    'bytes arrived before the TLS handshake: somebody may be tampering with the connection',
    {
      retry: 'never',
      hint: 'Do not trust this network; use `tls: implicit` where the server offers it.',
    },
  );
}

/** `first`, and as many of `others` behind it as there is room for, which are taken away. */
function joined(first: Buffer, others: Buffer[], into: Buffer): Buffer {
  if (first.length + (others[0]?.length ?? into.length) > into.length) return first;
  let bytes = first.copy(into);
  giveBack(first);
  for (let next = others[0]; next !== undefined && bytes + next.length <= into.length; next = others[0]) {
    bytes += next.copy(into, bytes);
    giveBack(next);
    others.shift();
  }
  return into.subarray(0, bytes);
}
