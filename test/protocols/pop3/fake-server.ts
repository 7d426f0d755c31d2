// A POP3 server for tests, over loopback: a mailbox that behaves like a real one, and faults where a test wants them.

import { onTestFinished } from 'vitest';
import { Secret } from '../../../src/core/secret.ts';
import type { Endpoint } from '../../../src/protocols/net/endpoint.ts';
import type { ServerTransport } from '../../../src/protocols/net/listener.ts';
import { listen } from '../../../src/protocols/net/listener.ts';

export interface FakeMessage {
  readonly uid: string;
  readonly octets: Buffer;
}

export interface FakeOptions {
  messages?: readonly FakeMessage[];
  banner?: string;
  capabilities?: readonly string[];
  /** Replaces the reply to a command; undefined leaves it. */
  answer?: (line: string, session: number) => string | Buffer | undefined;
  /** The connection ends after so many bytes of the server, session by session; undefined never. */
  cutAfter?: (session: number) => number | undefined;
  /** LIST size of a message; default its true size. */
  size?: (message: FakeMessage) => number;
  uidl?: boolean;
}

/** One that ends with the test. */
export async function serve(options: FakeOptions = {}): Promise<FakePop3> {
  const server = await new FakePop3(options).start();
  onTestFinished(() => server.stop());
  return server;
}

export class FakePop3 {
  /** What the server holds now. */
  messages: FakeMessage[];
  readonly options: FakeOptions;
  /** Every command line, all sessions. */
  readonly commands: string[] = [];
  /** Bytes that the last session's server has sent. */
  sent = 0;
  sessions = 0;
  #port = 0;
  #close: (() => Promise<void>) | undefined;
  readonly #open = new Set<ServerTransport>();

  constructor(options: FakeOptions = {}) {
    this.options = options;
    this.messages = [...(options.messages ?? [])];
  }

  async start(): Promise<this> {
    const listener = await listen({ host: '127.0.0.1', port: 0, onConnection: transport => void this.#serve(transport) });
    this.#port = listener.port;
    this.#close = () => listener.close();
    return this;
  }

  async stop(): Promise<void> {
    for (const transport of this.#open) transport.close();
    await this.#close?.();
  }

  endpoint(changes: Partial<Endpoint> = {}): Endpoint {
    return {
      name: 'inbox',
      type: 'pop3',
      host: '127.0.0.1',
      port: this.#port,
      tls: 'none',
      user: 'me',
      password: new Secret('geheim!'),
      // Only what hangs is to fail by time: a machine with other things to do takes ten times as long.
      timeoutMs: 60_000,
      ...changes,
    };
  }

  async #serve(transport: ServerTransport): Promise<void> {
    this.#open.add(transport);
    const session = new FakeSession(this, transport, this.sessions++);
    await session.run().catch(() => undefined);
    await transport.end().catch(() => undefined);
    this.#open.delete(transport);
  }
}

class FakeSession {
  readonly #server: FakePop3;
  readonly #transport: ServerTransport;
  readonly #index: number;
  readonly #messages: readonly FakeMessage[];
  readonly #marked = new Set<number>();
  #sent = 0;
  #authPlain = false;

  constructor(server: FakePop3, transport: ServerTransport, index: number) {
    this.#server = server;
    this.#transport = transport;
    this.#index = index;
    this.#messages = [...server.messages];
  }

  async run(): Promise<void> {
    await this.#send(`${this.#server.options.banner ?? '+OK ready'}\r\n`);
    let input = '';
    for (;;) {
      const chunk = await this.#transport.read();
      if (chunk === undefined) return;
      input += chunk.toString('latin1');
      for (let end = input.indexOf('\r\n'); end !== -1; end = input.indexOf('\r\n')) {
        const line = input.slice(0, end);
        input = input.slice(end + 2);
        this.#server.commands.push(line);
        await this.#send(this.#server.options.answer?.(line, this.#index) ?? this.#reply(line));
        if (line === 'QUIT') return;
      }
    }
  }

  #reply(line: string): string | Buffer {
    if (this.#authPlain) return this.#signIn(line);
    const [verb = '', argument = ''] = line.split(' ');
    const { options } = this.#server;
    switch (verb) {
      case 'CAPA':
        return lines(options.capabilities ?? ['UIDL', 'TOP', 'PIPELINING', 'SASL PLAIN']);
      case 'AUTH': {
        const initial = line.split(' ')[2];
        if (initial !== undefined) return this.#signIn(initial);
        this.#authPlain = true;
        return '+ \r\n';
      }
      case 'USER':
        return '+OK\r\n';
      case 'PASS':
        return line === 'PASS geheim!' ? '+OK\r\n' : '-ERR [AUTH] no\r\n';
      case 'STAT':
        return `+OK ${this.#messages.length} ${this.#messages.reduce((sum, message) => sum + this.#size(message), 0)}\r\n`;
      case 'LIST':
        if (argument !== '') return this.#one(Number(argument), message => `${this.#size(message)}`);
        return lines(this.#messages.map((message, at) => `${at + 1} ${this.#size(message)}`));
      case 'UIDL':
        if (argument !== '' && options.uidl !== false) return this.#one(Number(argument), ({ uid }) => uid);
        return options.uidl === false
          ? '-ERR unknown command\r\n'
          : lines(this.#messages.map(({ uid }, at) => `${at + 1} ${uid}`));
      case 'RETR':
        return this.#message(Number(argument), octets => octets);
      case 'TOP':
        return this.#message(Number(argument), octets => octets.subarray(0, octets.indexOf('\r\n\r\n') + 4));
      case 'DELE':
        this.#marked.add(Number(argument));
        return '+OK marked\r\n';
      case 'RSET':
        this.#marked.clear();
        return '+OK\r\n';
      case 'QUIT': {
        const gone = new Set([...this.#marked].map(number => this.#messages[number - 1]));
        this.#server.messages = this.#server.messages.filter(message => !gone.has(message));
        return '+OK bye\r\n';
      }
      default:
        return verb === 'NOOP' ? '+OK\r\n' : '-ERR unknown command\r\n';
    }
  }

  #signIn(base64: string): string {
    this.#authPlain = false;
    return Buffer.from(base64, 'base64').toString() === '\0me\0geheim!' ? '+OK welcome\r\n' : '-ERR [AUTH] no\r\n';
  }

  #size(message: FakeMessage): number {
    return this.#server.options.size?.(message) ?? message.octets.length;
  }

  #one(number: number, value: (message: FakeMessage) => string): string {
    const message = this.#messages[number - 1];
    return message === undefined || this.#marked.has(number) ? '-ERR no such message\r\n' : `+OK ${number} ${value(message)}\r\n`;
  }

  #message(number: number, part: (octets: Buffer) => Buffer): string | Buffer {
    const message = this.#messages[number - 1];
    if (message === undefined || this.#marked.has(number)) return '-ERR no such message\r\n';
    return Buffer.concat([Buffer.from('+OK\r\n'), stuffed(part(message.octets))]);
  }

  async #send(reply: string | Buffer): Promise<void> {
    const bytes = typeof reply === 'string' ? Buffer.from(reply, 'latin1') : reply;
    const cut = this.#server.options.cutAfter?.(this.#index) ?? Number.POSITIVE_INFINITY;
    const part = bytes.subarray(0, Math.max(0, cut - this.#sent));
    this.#sent += part.length;
    this.#server.sent = this.#sent;
    if (part.length > 0) await this.#transport.write(part);
    if (this.#sent >= cut) throw new Error('cut');
  }
}

/** A multi-line reply. */
export function lines(items: readonly string[]): string {
  return ['+OK', ...items, '.', ''].join('\r\n');
}

/** Dot-stuffed, with its end. */
export function stuffed(octets: Buffer): Buffer {
  const text = octets.toString('latin1').replace(/(^|\r\n)\./g, '$1..');
  return Buffer.from(`${text}${text === '' || text.endsWith('\r\n') ? '' : '\r\n'}.\r\n`, 'latin1');
}
