// A transport with a longer way: every chunk arrives half the latency later in each direction, in order.
import type { Clock, Timer } from '../core/clock.ts';
import { BrokenSessionError } from '../core/errors.ts';
import type { ServerTransport, TlsServerContext } from '../protocols/net/listener.ts';

/** Bytes under way in one direction; beyond it the sender waits. */
const UNDER_WAY_BYTES_MAX = 4 * 1024 * 1024;

/** The transport itself when `latencyMs` is 0. */
export function withLatency(transport: ServerTransport, clock: Clock, latencyMs: number): ServerTransport {
  return latencyMs > 0 ? new DelayedTransport(transport, clock, latencyMs / 2) : transport;
}

class DelayedTransport implements ServerTransport {
  readonly #inner: ServerTransport;
  readonly #incoming: DelayLine;
  readonly #outgoing: DelayLine;
  readonly #arrived: Buffer[] = [];
  /** How the stream ended, once it has: read() gives it for ever. */
  #ending: (() => Promise<undefined>) | undefined;
  #reader: (() => void) | undefined;

  constructor(inner: ServerTransport, clock: Clock, delayMs: number) {
    this.#inner = inner;
    this.#incoming = new DelayLine(clock, delayMs);
    this.#outgoing = new DelayLine(clock, delayMs);
    void this.#pump();
  }

  get secure(): boolean {
    return this.#inner.secure;
  }

  get local() {
    return this.#inner.local;
  }

  get remote() {
    return this.#inner.remote;
  }

  async read(): Promise<Buffer | undefined> {
    if (this.#arrived.length === 0 && this.#ending === undefined) {
      await new Promise<void>(resolve => {
        this.#reader = resolve;
      });
    }
    return this.#arrived.shift() ?? this.#ending?.();
  }

  write(bytes: Uint8Array): Promise<void> {
    const copy = Buffer.from(bytes);
    this.#outgoing.push(copy.length, () => void this.#inner.write(copy).catch(() => undefined));
    return this.#outgoing.room();
  }

  async startTls(): Promise<void> {
    await this.#inner.startTls();
  }

  /** Begins in the very turn in which the last bytes leave: a client's first TLS bytes must not be read as clear text. */
  startTlsServer(context: TlsServerContext): Promise<void> {
    if (this.#incoming.busy || this.#arrived.length > 0) {
      return Promise.reject(new BrokenSessionError('plaintext-injected', 'bytes arrived before the TLS handshake'));
    }
    return new Promise((resolve, reject) => {
      this.#outgoing.afterLast(() => this.#inner.startTlsServer(context).then(resolve, reject));
    });
  }

  end(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#outgoing.afterLast(() => this.#inner.end().then(resolve, reject));
    });
  }

  close(reason?: Error): void {
    this.#outgoing.clear();
    this.#inner.close(reason);
  }

  reset(reason?: Error): void {
    this.#outgoing.clear();
    this.#inner.reset(reason);
  }

  async #pump(): Promise<void> {
    try {
      for (let chunk = await this.#inner.read(); chunk !== undefined; chunk = await this.#inner.read()) {
        const bytes = chunk;
        this.#incoming.push(bytes.length, () => this.#arrive(() => this.#arrived.push(bytes)));
        await this.#incoming.room();
      }
      this.#finish(() => Promise.resolve(undefined));
    } catch (error) {
      this.#finish(() => Promise.reject(error));
    }
  }

  #finish(ending: () => Promise<undefined>): void {
    this.#incoming.push(0, () =>
      this.#arrive(() => {
        this.#ending = ending;
      }),
    );
  }

  #arrive(record: () => void): void {
    record();
    this.#reader?.();
    this.#reader = undefined;
  }
}

/** First in, first out, each entry no sooner than `delayMs` after it was pushed. */
class DelayLine {
  readonly #clock: Clock;
  readonly #delayMs: number;
  #queue: { readonly bytes: number; readonly deliver: (() => void)[]; readonly timer: Timer }[] = [];
  #bytes = 0;
  #waiting: (() => void)[] = [];

  constructor(clock: Clock, delayMs: number) {
    this.#clock = clock;
    this.#delayMs = delayMs;
  }

  get busy(): boolean {
    return this.#queue.length > 0;
  }

  push(bytes: number, deliver: () => void): void {
    this.#bytes += bytes;
    this.#queue.push({ bytes, deliver: [deliver], timer: this.#clock.after(this.#delayMs, () => this.#next()) });
  }

  /** In the same turn in which the last entry is delivered; now when there is none. */
  afterLast(deliver: () => void): void {
    const last = this.#queue.at(-1);
    if (last === undefined) deliver();
    else last.deliver.push(deliver);
  }

  /** Resolves as soon as less than the limit is under way. */
  room(): Promise<void> {
    if (this.#bytes < UNDER_WAY_BYTES_MAX) return Promise.resolve();
    return new Promise(resolve => this.#waiting.push(resolve));
  }

  clear(): void {
    for (const { timer } of this.#queue.splice(0)) timer.cancel();
    this.#bytes = 0;
    this.#wake();
  }

  /** Whichever timer fires, the oldest entry goes first. */
  #next(): void {
    const entry = this.#queue.shift();
    if (entry === undefined) return;
    this.#bytes -= entry.bytes;
    for (const deliver of entry.deliver) deliver();
    if (this.#bytes < UNDER_WAY_BYTES_MAX) this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
