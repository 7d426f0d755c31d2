// One data connection of the FTP server: prepared passively or actively, protected or clear, with its own weather.
import type { Clock } from '../../core/clock.ts';
import { connectBack, listen, type ServerTransport, type TlsServerContext } from '../../protocols/net/listener.ts';
import { FaultStream } from '../fault-stream.ts';
import type { FaultRule } from '../faults.ts';
import { withLatency } from '../latency.ts';
import { Refusal } from '../refusal.ts';

export interface DataSettings {
  readonly clock: Clock;
  readonly latencyMs: number;
  /** Our address on the control connection, and the only one that may connect. */
  readonly local: string;
  readonly peer: string;
  /** Set when the connection must be protected (PROT P). */
  readonly tls: TlsServerContext | undefined;
}

/** A data connection that may or may not be there yet. */
export interface PreparedData {
  readonly port: number;
  readonly secure: boolean;
  open(): Promise<ServerTransport>;
  close(): void;
}

/** How long a client may take to connect after the transfer command. */
const CONNECT_MS = 30_000;

/** Listens for one connection from the client. TLS starts as soon as it is there: clients may speak before our 150. */
export async function listenForData(settings: DataSettings): Promise<PreparedData> {
  let taken: ServerTransport | undefined;
  const { promise, resolve, reject } = Promise.withResolvers<ServerTransport>();
  promise.catch(() => undefined);
  const listener = await listen({
    host: settings.local,
    port: 0,
    allowHalfOpen: true,
    onConnection: accepted => {
      if (taken !== undefined || accepted.remote.address !== settings.peer) return accepted.close();
      taken = accepted;
      void listener.close();
      protect(accepted, settings).then(resolve, reject);
    },
  });
  return {
    port: listener.port,
    secure: settings.tls !== undefined,
    open: async () => {
      const timer = settings.clock.after(CONNECT_MS, () => reject(new Refusal('425 No data connection came.')));
      try {
        return await promise;
      } finally {
        timer.cancel();
      }
    },
    close: () => {
      reject(new Refusal('426 Transfer aborted.'));
      taken?.close();
      void listener.close();
    },
  };
}

/** Will connect to the client's own address (never to another: no bounce, RFC 2577 section 3). */
export function dialForData(settings: DataSettings, port: number): PreparedData {
  let opened: ServerTransport | undefined;
  return {
    port,
    secure: settings.tls !== undefined,
    open: async () => {
      opened = await connectBack({ host: settings.peer, port }).catch(() => undefined);
      if (opened === undefined) throw new Refusal('425 Cannot connect to your data port.');
      return protect(opened, settings);
    },
    close: () => opened?.close(),
  };
}

async function protect(transport: ServerTransport, settings: DataSettings): Promise<ServerTransport> {
  const delayed = withLatency(transport, settings.clock, settings.latencyMs);
  if (settings.tls !== undefined) {
    await delayed.startTlsServer(settings.tls).catch((error: Error) => {
      throw new Refusal(`425 TLS on the data connection failed: ${error.message.replaceAll(/\s+/g, ' ')}`);
    });
  }
  return delayed;
}

/** The bytes of one transfer; fault rules strike by their position. */
export class DataStream {
  readonly #transport: ServerTransport;
  readonly #pause: (ms: number) => Promise<void>;
  readonly #faults: FaultStream;
  #split = false;

  constructor(transport: ServerTransport, rules: readonly FaultRule[], pause: (ms: number) => Promise<void>) {
    this.#transport = transport;
    this.#pause = pause;
    this.#faults = new FaultStream(rules);
  }

  /** What the client uploads, until it ends its side. */
  async *chunks(): AsyncGenerator<Buffer> {
    for (let chunk = await this.#transport.read(); chunk !== undefined; chunk = await this.#transport.read()) {
      yield* this.#weathered(chunk);
    }
  }

  async write(bytes: Buffer): Promise<void> {
    for await (const part of this.#weathered(bytes)) {
      if (!this.#split) await this.#transport.write(part);
      else for (let at = 0; at < part.length; at++) await this.#transport.write(part.subarray(at, at + 1));
    }
  }

  /** Ends our side and waits until everything has left. */
  async end(): Promise<void> {
    await this.#transport.end();
  }

  async *#weathered(bytes: Buffer): AsyncGenerator<Buffer> {
    for (const part of this.#faults.push(bytes)) {
      if (Buffer.isBuffer(part)) yield part;
      else await this.#suffer(part.rule);
    }
  }

  async #suffer({ action, point }: FaultRule): Promise<void> {
    switch (action.kind) {
      case 'delay':
        return this.#pause(action.ms);
      case 'split':
        this.#split = true;
        return;
      case 'garble':
        return;
      case 'skip':
        return;
      case 'reset':
        this.#transport.reset();
        throw new DataCut(false);
      case 'cut':
        this.#transport.close();
        throw new DataCut(point !== 'data');
      case 'refuse':
        throw new Refusal('426 Refused by a fault rule.');
      case 'full':
        throw new Refusal('452 No space left on device.');
      case 'reply':
        throw new Refusal(action.text);
    }
  }
}

/** A rule cut the data connection; one that names a command takes the control connection with it. */
export class DataCut extends Refusal {
  readonly withControl: boolean;

  constructor(withControl: boolean) {
    super('426 Connection closed; transfer aborted.');
    this.withControl = withControl;
  }
}
