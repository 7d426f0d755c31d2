import { systemClock } from '../../../src/core/clock.ts';
import { Secret } from '../../../src/core/secret.ts';
import { connectFtp, type FtpClient } from '../../../src/protocols/ftp/index.ts';
import { dial } from '../../../src/protocols/net/dial.ts';
import type { Endpoint } from '../../../src/protocols/net/endpoint.ts';
import { type Listener, listen, type ServerTransport } from '../../../src/protocols/net/listener.ts';
import { farAway } from '../../support/far-away.ts';

export interface Peer {
  /** Command lines in the order they came. */
  readonly seen: string[];
  reply(...lines: readonly string[]): void;
  /** The client's data connection. */
  data(): Promise<ServerTransport>;
  cut(): void;
}

export type Script = Readonly<Record<string, string | ((peer: Peer, argument: string) => void | Promise<void>)>>;

const DEFAULTS: Script = {
  USER: '331 password',
  PASS: '230 in',
  FEAT: '211-Features\r\n MLST type*;size*;modify*;\r\n EPSV\r\n UTF8\r\n SIZE\r\n MDTM\r\n211 End',
  OPTS: '200 ok',
  TYPE: '200 ok',
  PWD: '257 "/" here',
  CWD: '250 ok',
  NOOP: '200 ok',
  QUIT: '221 bye',
  REST: '350 ok',
};

export interface FakeOptions {
  readonly greeting?: string;
  /** Send replies one byte at a time. */
  readonly trickle?: boolean;
  readonly endpoint?: Partial<Endpoint>;
  readonly signal?: AbortSignal;
  /** The folder that the client says it will list first. */
  readonly opening?: string;
  /** How long a round trip seems to take. */
  readonly distanceMs?: number;
  /** Time stands still: every answer comes at once. */
  readonly near?: boolean;
  /** How long it seems to take to connect, when that is another time. */
  readonly connectMs?: number;
}

export class FakeServer {
  readonly seen: string[] = [];
  /** The same by what arrived together. */
  readonly segments: string[][] = [];
  readonly transcript: string[] = [];
  readonly #script: Script;
  readonly #options: FakeOptions;
  readonly #open: ServerTransport[] = [];
  readonly #listeners: Listener[] = [];
  #port = 0;
  #endpoint: Endpoint | undefined;
  #data = Promise.withResolvers<ServerTransport>();

  constructor(script: Script, options: FakeOptions = {}) {
    this.#script = { ...DEFAULTS, ...script };
    this.#options = options;
  }

  async connect(): Promise<FtpClient> {
    await this.listen();
    return this.connectAgain();
  }

  /** For clients of other threads: the port of the control connection. */
  async listen(): Promise<number> {
    const control = await this.#listen(peer => void this.#serve(peer).catch(() => undefined));
    const data = await this.#listen(peer => this.#data.resolve(peer));
    this.#port = data.port;
    this.#endpoint = {
      name: 'fake',
      type: 'ftp',
      host: '127.0.0.1',
      port: control.port,
      tls: 'none',
      user: 'me',
      password: new Secret('hunter22'),
      timeoutMs: 20_000,
      ...this.#options.endpoint,
    };
    return control.port;
  }

  /** A second session with the same server. */
  async connectAgain(): Promise<FtpClient> {
    if (this.#endpoint === undefined) throw new Error('connect() comes first');
    return connectFtp(this.#endpoint, {
      ...farAway(dial, this.#options.distanceMs ?? 0, this.#options.connectMs),
      ...(this.#options.near === true ? { clock: { ...systemClock, elapsed: () => 0 } } : {}),
      transcript: (direction, shown) => void this.transcript.push(`${direction} ${shown}`),
      ...(this.#options.signal === undefined ? {} : { signal: this.#options.signal }),
      opening: this.#options.opening,
    });
  }

  /** From now on nothing listens on the data port. */
  async refuseData(): Promise<void> {
    await this.#listeners.splice(1, 1)[0]?.close();
  }

  async stop(): Promise<void> {
    for (const peer of this.#open.splice(0)) peer.close();
    await Promise.all(this.#listeners.splice(0).map(listener => listener.close()));
  }

  async #listen(handle: (peer: ServerTransport) => void): Promise<Listener> {
    const listener = await listen({
      host: '127.0.0.1',
      port: 0,
      onConnection: peer => {
        this.#open.push(peer);
        handle(peer);
      },
    });
    this.#listeners.push(listener);
    return listener;
  }

  async #serve(transport: ServerTransport): Promise<void> {
    const peer: Peer = {
      seen: this.seen,
      reply: (...lines) => {
        const bytes = Buffer.from(lines.map(line => `${line}\r\n`).join(''));
        const size = this.#options.trickle ? 1 : bytes.length;
        for (let at = 0; at < bytes.length; at += size)
          void transport.write(bytes.subarray(at, at + size)).catch(() => undefined);
      },
      data: () => this.#data.promise,
      cut: () => transport.close(),
    };
    peer.reply(this.#options.greeting ?? '220 hello');
    let pending = '';
    for (;;) {
      const chunk = await transport.read();
      if (chunk === undefined) return transport.close();
      pending += chunk.toString('latin1');
      const lines = pending.split('\r\n');
      pending = lines.pop() ?? '';
      this.segments.push(lines);
      for (const line of lines) this.#answer(peer, line);
    }
  }

  #answer(peer: Peer, line: string): void {
    this.seen.push(line);
    const [, verb = '', argument = ''] = /^(\S+) ?(.*)$/s.exec(line) ?? [];
    const script = this.#script[verb] ?? (verb === 'EPSV' ? this.#passive : '502 unknown');
    if (typeof script === 'string') return peer.reply(script);
    void Promise.resolve(script(peer, argument)).catch(() => undefined);
  }

  /** For scripts that answer PASV or EPSV in their own way. */
  get dataPort(): number {
    return this.#port;
  }

  readonly #passive = (peer: Peer): void => {
    this.expectData();
    peer.reply(`229 ok (|||${this.#port}|)`);
  };

  /** The next connection to the data port belongs to the next transfer. */
  expectData(): void {
    this.#data = Promise.withResolvers<ServerTransport>();
  }
}
