// Opens connections: addresses raced (RFC 8305), TLS where it starts at once, a wrong TLS mode named within seconds.
import { connect, createServer, isIP, type Server, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { type Clock, cancelled, systemClock } from '../../core/clock.ts';
import { AppError, BrokenSessionError, CancelledError } from '../../core/errors.ts';
import { connectFailure, openSocket, unanswered } from './connect.ts';
import { addressOf, type Endpoint } from './endpoint.ts';
import { connectionCut } from './ends.ts';
import { foreignServer } from './foreign-server.ts';
import { Intake } from './intake.ts';
import type { Landing } from './landing.ts';
import { Line } from './line.ts';
import { OneWaySocket } from './one-way.ts';
import { SocketTransport } from './socket.ts';
import { modeMismatch, TlsClient } from './tls.ts';
import type { ControlTransport, DataListener, DataTaker, DataTransport, DataUse, Transport } from './transport.ts';
import { Watch } from './watch.ts';

export interface DialOptions {
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/** Opens the control connection of an endpoint. */
export type Dial = (endpoint: Endpoint, options?: DialOptions) => Promise<ControlTransport>;

/** A server that stays silent this long is asked, on a second connection, whether it waits for TLS. */
const SILENCE_MS = 1_500;
const PROBE_MS = 3_000;
const WEB_PORTS: ReadonlySet<number> = new Set([80, 443, 8080, 8443]);

/**
 * Connects, starts TLS when it is implicit, and waits for the first byte of the greeting (all three protocols let the server speak first).
 * Aborting `signal` closes the connection at once, now and later.
 */
export const dial: Dial = async (endpoint, { signal, clock = systemClock } = {}) => {
  signal?.throwIfAborted();
  const tls = new TlsClient(endpoint);
  // The other protocols have less to say, and more to receive.
  const intake =
    endpoint.type === 'ftp' && endpoint.tls !== 'implicit' && endpoint.proxy === undefined ? new Intake() : undefined;
  const socket = await openSocket(endpoint.host, endpoint.port, endpoint, clock, signal, intake?.onread);
  const transport = new ControlSocket(socket, tls, { endpoint, clock, signal, intake });
  bindSignal(transport, socket, signal, reason => transport.abort(reason));
  const timer = clock.after(endpoint.timeoutMs, () => transport.close(silent(endpoint)));
  try {
    if (endpoint.tls === 'implicit') await transport.startTls();
    await transport.greeted();
    return transport;
  } catch (error) {
    transport.close(error as Error);
    throw error;
  } finally {
    timer.cancel();
  }
};

interface ControlContext {
  readonly endpoint: Endpoint;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly intake: Intake | undefined;
}

class ControlSocket extends SocketTransport implements ControlTransport {
  readonly #tls: TlsClient;
  readonly #context: ControlContext;
  /** Known for good: data connections go there, and nowhere else, even when this one has ended meanwhile. */
  readonly #peer: string;
  readonly #here: string;
  /** Open data connections: one, but for what is just being closed. */
  readonly #data = new Set<DataTransport>();
  /** Of the last of them that went one way. */
  #line: Line | undefined;
  readonly #connecting: Watch;
  /** Those that wait for a data connection. */
  readonly #unmade = new Set<(error?: Error) => void>();
  /** Noted here, since to ask a signal made of others takes its time. */
  #aborted: Error | undefined;

  constructor(socket: Socket, tls: TlsClient, context: ControlContext) {
    super(socket, tls, undefined, { intake: context.intake });
    this.#tls = tls;
    this.#context = context;
    this.#peer = this.remote.address;
    this.#here = this.local.address;
    this.#connecting = new Watch(context.clock);
  }

  /** Waits for the first bytes and keeps them for read(); names a wrong TLS mode when the server is silent. */
  async greeted(): Promise<void> {
    const { endpoint, clock } = this.#context;
    const probe =
      endpoint.tls === 'implicit' || endpoint.proxy !== undefined
        ? undefined
        : clock.after(
            SILENCE_MS,
            () => void speaksTls(endpoint, clock).then(yes => (yes ? this.close(modeMismatch(endpoint)) : undefined)),
          );
    try {
      const chunk = await this.read();
      if (chunk !== undefined && endpoint.tls !== 'implicit' && chunk[0] === TLS_ALERT) throw modeMismatch(endpoint);
      const foreign = chunk === undefined ? undefined : foreignServer(endpoint, chunk);
      if (foreign !== undefined) throw foreign;
      if (chunk !== undefined) this.putBack(chunk);
    } finally {
      probe?.cancel();
    }
  }

  openData(port: number, use: DataUse | undefined, clear: boolean, taker: DataTaker): void {
    const landing = use === 'sending' ? undefined : use;
    if (this.#aborted !== undefined) taker.failed(this.#aborted);
    else if (this.#context.endpoint.proxy !== undefined)
      void this.#openThroughProxy(port, landing).then(
        data => taker.opened(data),
        error => taker.failed(error),
      );
    else if (use !== undefined && clear) this.#openOneWay(port, use, taker);
    else this.#openBothWays(port, landing, clear, taker);
  }

  async #openThroughProxy(port: number, landing: Landing | undefined): Promise<DataTransport> {
    const { endpoint, clock } = this.#context;
    const given = new AbortController();
    const giveUp = (reason?: Error) => given.abort(reason);
    this.#unmade.add(giveUp);
    const socket = await openSocket(endpoint.host, port, endpoint, clock, given.signal).finally(() =>
      this.#unmade.delete(giveUp),
    );
    const transport = new SocketTransport(socket, this.#tls.forData(), landing);
    this.#data.add(transport);
    socket.once('close', () => this.#left(transport));
    return transport;
  }

  /** For TLS, or for listings. */
  #openBothWays(port: number, landing: Landing | undefined, clear: boolean, taker: DataTaker): void {
    const socket = connect({ host: this.#peer, port });
    const transport = new SocketTransport(socket, this.#tls.forData(), landing, { tlsAtOnce: !clear });
    const made = this.#making(transport, port, taker);
    socket.once('connect', () => made());
    socket.once('error', error => made(connectFailure(error, this.#peer, port)));
    socket.once('close', () => {
      this.#left(transport);
      made(transport.failure ?? connectionCut());
    });
  }

  #openOneWay(port: number, use: DataUse, taker: DataTaker): void {
    const isSending = use === 'sending';
    if (this.#line?.isFree !== true || this.#line.isSending !== isSending) this.#line = new Line(isSending);
    const transport = new OneWaySocket(this.#peer, port, use, this.#left);
    transport.connect(this.#line, this.#making(transport, port, taker));
  }

  /** To be told when the connection is there, or why it is not; what it is told after that is of no interest. */
  #making(transport: DataTransport, port: number, taker: DataTaker): (error?: Error) => void {
    const { timeoutMs } = this.#context.endpoint;
    this.#data.add(transport);
    const deadline = this.#connecting.begin(timeoutMs, () => transport.close(unanswered(this.#peer, port, timeoutMs)));
    const made = (error?: Error) => {
      if (!this.#unmade.delete(made)) return;
      deadline.cancel();
      if (error === undefined) return taker.opened(transport);
      transport.close(error);
      taker.failed(error);
    };
    this.#unmade.add(made);
    return made;
  }

  readonly #left = (transport: DataTransport) => void this.#data.delete(transport);

  /** Nobody has a use for data connections that are still to come. Of others, what the server has said yes to already counts, unless we give up. */
  override close(reason?: Error): void {
    this.#connecting.stop();
    super.close(reason);
    for (const made of this.#unmade) made(this.failure);
    if (reason instanceof CancelledError) this.#resetData(reason);
  }

  /** Data connections are reset, so that half a file never looks whole: by whoever uses one, who hears first that all is over. */
  abort(reason: Error): void {
    this.#aborted = reason;
    this.close(reason);
    this.#resetData(reason);
  }

  #resetData(reason: Error): void {
    for (const data of this.#data) data.reset(reason);
  }

  async listenData(): Promise<DataListener> {
    if (this.#context.endpoint.proxy !== undefined) {
      throw new AppError('proxy-active', 'in active mode the server connects to this machine, which no proxy lets it do', {
        hint: 'Remove `passive: false` or `proxy` from the connection.',
      });
    }
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, this.#here, resolve);
    });
    return new SocketListener(server, this.#peer, this.#tls, this.#context.signal);
  }
}

/** First byte of a TLS alert record (RFC 8446 section 5.1). */
const TLS_ALERT = 0x15;

class SocketListener implements DataListener {
  readonly port: number;
  readonly #server: Server;
  readonly #accepted: Promise<DataTransport>;

  constructor(server: Server, peer: string, tls: TlsClient, signal: AbortSignal | undefined) {
    this.#server = server;
    this.port = (server.address() as { port: number }).port;
    let taken = false;
    this.#accepted = new Promise((resolve, reject) => {
      server.on('connection', socket => {
        if (taken || socket.remoteAddress !== peer) return void socket.destroy();
        taken = true;
        const transport = new SocketTransport(socket, tls.forData());
        bindSignal(transport, socket, signal, reason => transport.reset(reason));
        return resolve(transport);
      });
      server.once('close', () =>
        reject(new BrokenSessionError('data-not-opened', 'the server did not open its data connection to us')),
      );
    });
    this.#accepted.catch(() => undefined);
  }

  accept(): Promise<DataTransport> {
    return this.#accepted;
  }

  close(): void {
    this.#server.close();
  }
}

/** `end` is how the connection ends on abort: data connections are reset, so that half a file never looks whole. */
function bindSignal(
  transport: Transport,
  socket: Socket,
  signal: AbortSignal | undefined,
  end: (reason: Error) => void = reason => transport.close(reason),
): void {
  if (signal === undefined) return;
  const abort = () => end(cancelled(signal));
  signal.addEventListener('abort', abort, { once: true });
  socket.once('close', () => signal.removeEventListener('abort', abort));
}

/** Does a TLS handshake begin at that address? The certificate does not matter and nothing is sent over it. */
function speaksTls(endpoint: Endpoint, clock: Clock): Promise<boolean> {
  return new Promise(resolve => {
    const name = isIP(endpoint.host) === 0 ? { servername: endpoint.host } : {};
    const socket = tlsConnect({ host: endpoint.host, port: endpoint.port, rejectUnauthorized: false, ...name });
    const timer = clock.after(PROBE_MS, () => settle(false));
    const settle = (yes: boolean) => {
      timer.cancel();
      socket.destroy();
      resolve(yes);
    };
    socket.once('secureConnect', () => settle(true));
    socket.on('error', () => settle(false));
  });
}

function silent(endpoint: Endpoint): BrokenSessionError {
  return new BrokenSessionError(
    'timed-out',
    `${addressOf(endpoint)} accepted the connection but sent no greeting within ${endpoint.timeoutMs / 1000} s`,
    {
      hint: WEB_PORTS.has(endpoint.port)
        ? `${endpoint.port} is usually the port of a web server: leave \`port\` out.`
        : 'Check `port` and `tls`; the server may also be overloaded.',
    },
  );
}
