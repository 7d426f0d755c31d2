// An SMTP server for tests over a real loopback socket: it can answer anything, cut anywhere, and remembers what it really accepted.
import { onTestFinished } from 'vitest';
import type { Endpoint } from '../../../src/protocols/net/endpoint.ts';
import { type Listener, listen, type ServerTransport, type TlsServerContext } from '../../../src/protocols/net/listener.ts';

export interface FakeOptions {
  readonly greeting?: string;
  /** Keywords of EHLO, before and after TLS. */
  readonly offers?: readonly string[];
  readonly offersTls?: readonly string[];
  /** Another reply for a line (or `.` for the message); undefined keeps the usual one. May hold several lines or none (''). */
  readonly answer?: (line: string, session: FakeSession) => string | undefined;
  readonly tls?: TlsServerContext;
  /** TLS from the first byte. */
  readonly implicit?: boolean;
  /** Sent in clear right after the 220 to STARTTLS. */
  readonly injected?: string;
  /** The connection is cut once so many bytes were sent or received. */
  readonly cutAfterSent?: number;
  readonly cutAfterReceived?: number;
}

export interface Delivered {
  readonly from: string;
  readonly to: readonly string[];
  readonly data: Buffer;
}

export interface FakeSession {
  readonly secure: boolean;
  readonly lines: readonly string[];
}

/** One that ends with the test. */
export async function serve(options: FakeOptions = {}): Promise<FakeServer> {
  const server = await FakeServer.start(options);
  onTestFinished(() => server.close());
  return server;
}

export class FakeServer {
  readonly delivered: Delivered[] = [];
  /** Every line of every connection, message content excepted. */
  readonly lines: string[] = [];
  connections = 0;
  sent = 0;
  received = 0;
  options: FakeOptions;
  readonly #open = new Set<ServerTransport>();
  #listener: Listener | undefined;

  constructor(options: FakeOptions = {}) {
    this.options = options;
  }

  static async start(options: FakeOptions = {}): Promise<FakeServer> {
    const server = new FakeServer(options);
    server.#listener = await listen({
      host: '127.0.0.1',
      port: 0,
      onConnection: peer => {
        server.connections += 1;
        server.#open.add(peer);
        void new Talk(server, peer)
          .run()
          .catch(() => undefined)
          .finally(() => {
            server.#open.delete(peer);
            peer.close();
          });
      },
    });
    return server;
  }

  endpoint(more: Partial<Endpoint> = {}): Endpoint {
    const port = this.#listener?.port ?? 0;
    return {
      name: 'outbox',
      type: 'smtp',
      host: 'localhost',
      port,
      tls: 'none',
      // As in the fake POP3 server: only what hangs is to fail by time.
      timeoutMs: 60_000,
      hostname: 'client.test',
      ...more,
    };
  }

  /** Drops who is connected; others may come. */
  drop(): void {
    for (const peer of this.#open) peer.close();
  }

  async close(): Promise<void> {
    for (const peer of this.#open) peer.close();
    await this.#listener?.close();
  }
}

class Cut extends Error {}

class Talk {
  readonly #server: FakeServer;
  readonly #peer: ServerTransport;
  #input = Buffer.alloc(0);
  #from: string | undefined;
  #to: string[] = [];
  #secure = false;
  #down = false;

  constructor(server: FakeServer, peer: ServerTransport) {
    this.#server = server;
    this.#peer = peer;
  }

  async run(): Promise<void> {
    const { options } = this.#server;
    if (options.implicit) await this.#peer.startTlsServer(options.tls ?? {});
    this.#secure = options.implicit ?? false;
    await this.#say(options.greeting ?? '220 fake.test ESMTP');
    for (;;) {
      const line = await this.#line();
      if (line === undefined) return;
      this.#server.lines.push(line);
      if (await this.#obey(line)) return;
    }
  }

  async #obey(line: string): Promise<boolean> {
    const own = this.#server.options.answer?.(line, { secure: this.#secure, lines: this.#server.lines });
    const reply = own ?? this.#usual(line);
    const good = /^[23]/.test(reply);
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === 'MAIL' && good) [this.#from, this.#to] = [path(line), []];
    if (verb === 'RCPT' && good) this.#to.push(path(line));
    if (verb === 'RSET') this.#from = undefined;
    if (line.toUpperCase() === 'STARTTLS' && good) {
      await this.#say(reply + (this.#server.options.injected ?? ''));
      await this.#peer.startTlsServer(this.#server.options.tls ?? {});
      this.#secure = true;
      return false;
    }
    if (reply !== '') await this.#say(reply);
    if (verb === 'DATA' && reply.startsWith('354')) await this.#message();
    return verb === 'QUIT';
  }

  #usual(line: string): string {
    const { offers = ['PIPELINING', 'SIZE 1000000', '8BITMIME', 'ENHANCEDSTATUSCODES'], offersTls } = this.#server.options;
    switch (line.slice(0, 4).toUpperCase()) {
      case 'EHLO':
        return ['fake.test', ...(this.#secure ? (offersTls ?? offers) : offers)]
          .map((text, index, all) => `250${index === all.length - 1 ? ' ' : '-'}${text}`)
          .join('\r\n');
      case 'STAR':
        return '220 go ahead';
      case 'MAIL':
        return '250 2.1.0 sender ok';
      case 'RCPT':
        return this.#from === undefined ? '503 5.5.1 no MAIL' : '250 2.1.5 recipient ok';
      case 'DATA':
        return this.#to.length === 0 ? '554 5.5.1 no valid recipients' : '354 go ahead';
      case 'QUIT':
        return '221 bye';
      case 'HELO':
      case 'RSET':
        return '250 ok';
      default:
        return '500 what?';
    }
  }

  async #message(): Promise<void> {
    const data: Buffer[] = [];
    for (;;) {
      const line = await this.#rawLine();
      if (line === undefined) return;
      if (line.equals(Buffer.from('.'))) break;
      data.push(line[0] === 0x2e ? line.subarray(1) : line, Buffer.from('\r\n'));
    }
    const reply =
      this.#server.options.answer?.('.', { secure: this.#secure, lines: this.#server.lines }) ?? '250 2.0.0 queued as 4711';
    if (reply.startsWith('250') || reply === '') {
      this.#server.delivered.push({ from: this.#from ?? '?', to: this.#to, data: Buffer.concat(data) });
    }
    [this.#from, this.#to] = [undefined, []];
    if (reply !== '') await this.#say(reply);
    else throw new Cut();
  }

  async #line(): Promise<string | undefined> {
    return (await this.#rawLine())?.toString('utf8');
  }

  /** Ends at CRLF only: a bare CR or LF is part of the line. */
  async #rawLine(): Promise<Buffer | undefined> {
    for (;;) {
      const end = this.#input.indexOf('\r\n');
      if (end !== -1) {
        const line = this.#input.subarray(0, end);
        this.#input = this.#input.subarray(end + 2);
        return line;
      }
      if (this.#down) throw new Cut();
      const chunk = await this.#peer.read();
      if (chunk === undefined) return undefined;
      const left = (this.#server.options.cutAfterReceived ?? Number.POSITIVE_INFINITY) - this.#server.received;
      this.#server.received += chunk.length;
      // The server goes down after that byte: what is complete by then still counts.
      this.#down = chunk.length >= left;
      this.#input = Buffer.concat([this.#input, chunk.subarray(0, Math.min(left, chunk.length))]);
    }
  }

  async #say(reply: string): Promise<void> {
    const bytes = Buffer.from(`${reply}\r\n`, 'utf8');
    const left = (this.#server.options.cutAfterSent ?? Number.POSITIVE_INFINITY) - this.#server.sent;
    this.#server.sent += bytes.length;
    await this.#peer.write(bytes.subarray(0, Math.max(0, Math.min(left, bytes.length))));
    if (bytes.length > left) {
      await this.#peer.end();
      throw new Cut();
    }
  }
}

function path(line: string): string {
  return /<(.*?)>/.exec(line)?.[1] ?? '?';
}
