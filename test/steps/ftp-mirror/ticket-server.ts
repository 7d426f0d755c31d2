// An FTPS server in memory that insists on resumed TLS sessions, and whose tickets wear out: after so many uses, all at once, or each after one.
import { randomBytes } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { posix } from 'node:path';
import { Duplex } from 'node:stream';
import { createSecureContext, type SecureVersion, TLSSocket } from 'node:tls';
import type { Certificates } from '../../../src/sandbox/certificates.ts';
import { ticketIn } from '../../support/client-hello.ts';

export interface TicketRules {
  readonly version: SecureVersion;
  /** How it refuses a data connection with a session of its own: before any 150, as proftpd, or after it, as vsftpd. */
  readonly refusal: '425' | '522';
  /** Transfers after which the tickets of that session are void; the server takes none but those of the control connection. */
  readonly uses?: number;
  /** Each ticket is taken once (TLS 1.3). */
  readonly once?: boolean;
  /** False: that upload (1-based, of its session) brings no new ticket. */
  readonly renews?: (upload: number) => boolean;
}

export interface Attempt {
  readonly session: number;
  readonly verb: string;
  readonly path: string;
  readonly taken: boolean;
}

export class TicketServer {
  readonly files = new Map<string, { readonly data: Buffer; readonly time: string }>();
  readonly folders = new Set(['/', '/www']);
  /** Every transfer that was asked for, in order. */
  readonly attempts: Attempt[] = [];
  /** What was given its final name, as it was then. */
  readonly published: { readonly path: string; readonly data: Buffer }[] = [];
  /** Called before a data connection is looked at. */
  taking: () => void = () => undefined;
  signIns = 0;
  readonly rules: TicketRules;
  readonly sessions = new Set<TicketSession>();
  readonly #certificates: Certificates;
  readonly #listeners: Server[] = [];

  constructor(certificates: Certificates, rules: TicketRules) {
    this.#certificates = certificates;
    this.rules = rules;
  }

  start(): Promise<number> {
    return this.listen(raw => {
      const session = new TicketSession(this, this.accept(raw, randomBytes(48)));
      this.sessions.add(session);
    });
  }

  /** The tickets of every session so far are void from now on. */
  expire(): void {
    for (const session of this.sessions) session.expire();
  }

  stop(): void {
    for (const session of this.sessions) session.close();
    for (const listener of this.#listeners) listener.close();
  }

  /** Resolves with the port. */
  async listen(handle: (raw: Socket) => void): Promise<number> {
    const listener = createServer(raw => {
      raw.setNoDelay(true);
      raw.on('error', () => undefined);
      handle(raw);
    });
    this.#listeners.push(listener);
    await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve));
    return (listener.address() as { port: number }).port;
  }

  /** The server's side of TLS, with tickets of these keys. */
  accept(raw: Duplex, ticketKeys: Buffer): TLSSocket & { readonly keys: Buffer } {
    const { version } = this.rules;
    const secureContext = createSecureContext({
      ...this.#certificates.tls,
      minVersion: version,
      maxVersion: version,
      ticketKeys,
    });
    const socket = new TLSSocket(raw as Socket, { isServer: true, secureContext });
    socket.on('error', () => undefined);
    return Object.assign(socket, { keys: ticketKeys });
  }
}

class TicketSession {
  readonly #server: TicketServer;
  readonly #control: TLSSocket;
  readonly #id: number;
  #keys: Buffer;
  readonly #seen = new Set<string>();
  #transfers = 0;
  #uploads = 0;
  #data: Promise<TLSSocket> | undefined;
  #from = '';
  #folder = '/';

  constructor(server: TicketServer, control: TLSSocket & { readonly keys: Buffer }) {
    this.#server = server;
    this.#control = control;
    this.#keys = control.keys;
    this.#id = server.sessions.size + 1;
    this.#say('220 hello');
    void this.#serve().catch(() => this.close());
  }

  expire(): void {
    this.#keys = randomBytes(48);
  }

  close(): void {
    this.#control.destroy();
  }

  #say(line: string): void {
    this.#control.write(`${line}\r\n`);
  }

  async #serve(): Promise<void> {
    let pending = '';
    for await (const chunk of this.#control) {
      const lines = `${pending}${String(chunk)}`.split('\r\n');
      pending = lines.pop() ?? '';
      for (const line of lines) await this.#answer(line);
    }
  }

  async #answer(line: string): Promise<void> {
    const [, verb = '', argument = ''] = /^(\S+) ?(.*)$/s.exec(line) ?? [];
    const path = posix.resolve(this.#folder, argument);
    const { files, folders } = this.#server;
    const file = files.get(path);
    switch (verb) {
      case 'PASS':
        this.#server.signIns += 1;
        return this.#say('230 in');
      case 'FEAT':
        return this.#say(
          '211-Features\r\n MLST type*;size*;modify*;\r\n EPSV\r\n UTF8\r\n SIZE\r\n MFMT\r\n REST STREAM\r\n211 End',
        );
      case 'PWD':
        return this.#say('257 "/" here');
      case 'CWD':
        if (!folders.has(path)) return this.#say('550 no such folder');
        this.#folder = path;
        return this.#say('250 ok');
      case 'EPSV':
        return this.#say(`229 ok (|||${await this.#expectData()}|)`);
      case 'SIZE':
        return this.#say(file === undefined ? '550 no such file' : `213 ${file.data.length}`);
      case 'MFMT':
        return this.#say(this.#setTime(argument));
      case 'DELE':
        return this.#say(files.delete(path) ? '250 ok' : '550 no such file');
      case 'RNFR':
        this.#from = path;
        return this.#say(file === undefined ? '550 no such file' : '350 to?');
      case 'RNTO':
        return this.#say(this.#rename(path));
      case 'MLSD':
      case 'RETR':
      case 'STOR':
        return this.#transfer(verb, path);
      default:
        return this.#say(DEFAULTS[verb] ?? '502 unknown');
    }
  }

  #setTime(argument: string): string {
    const [time = '', ...rest] = argument.split(' ');
    const path = posix.resolve(this.#folder, rest.join(' '));
    const file = this.#server.files.get(path);
    if (file === undefined) return '550 no such file';
    this.#server.files.set(path, { data: file.data, time });
    return `213 Modify=${time}; ${path}`;
  }

  #rename(to: string): string {
    const file = this.#server.files.get(this.#from);
    if (file === undefined) return '550 no such file';
    this.#server.files.delete(this.#from);
    this.#server.files.set(to, file);
    this.#server.published.push({ path: to, data: file.data });
    return '250 ok';
  }

  /** One connection on a port of its own; its TLS begins as soon as it is there. */
  #expectData(): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<TLSSocket>();
    this.#data = promise;
    return this.#server.listen(raw => raw.once('data', hello => resolve(this.#acceptData(raw, hello))));
  }

  /** A ticket that is not taken meets keys that nobody has: TLS falls back to a handshake of its own, whose tickets are worth nothing. */
  #acceptData(raw: Socket, hello: Buffer): TLSSocket {
    const ticket = ticketIn(hello)?.toString('base64') ?? '';
    const { once, uses } = this.#server.rules;
    const spent = once === true && this.#seen.has(ticket);
    this.#seen.add(ticket);
    this.#server.taking();
    if (uses !== undefined && this.#transfers >= uses) this.expire();
    const link = new Link(raw, hello);
    const socket = this.#server.accept(link, spent ? randomBytes(48) : this.#keys);
    return Object.assign(socket, { link });
  }

  async #transfer(verb: 'MLSD' | 'RETR' | 'STOR', path: string): Promise<void> {
    const { rules, files, attempts } = this.#server;
    const data = (await this.#data) as TLSSocket & { link: Link };
    const silent = verb === 'STOR' && rules.renews?.(this.#uploads + 1) === false;
    data.link.silent = silent;
    // Servers make the file before they look at the data connection (proftpd#1931).
    if (verb === 'STOR') files.set(path, { data: Buffer.alloc(0), time: NOW });
    if (rules.refusal === '522') this.#say('150 here');
    if (!(await secured(data))) return this.#say('426 no TLS');
    const taken = data.isSessionReused();
    attempts.push({ session: this.#id, verb, path, taken });
    if (!taken) {
      data.destroy();
      return this.#say(`${rules.refusal} TLS session of data connection not resumed`);
    }
    this.#transfers += 1;
    if (rules.refusal === '425') this.#say('150 here');
    if (verb === 'STOR') {
      this.#uploads += 1;
      files.set(path, { data: await contentOf(data), time: NOW });
      data.end();
    } else await new Promise<void>(resolve => data.end(this.#content(verb, path), resolve));
    this.#say('226 done');
  }

  #content(verb: 'MLSD' | 'RETR', path: string): Buffer {
    const { files, folders } = this.#server;
    if (verb === 'RETR') return files.get(path)?.data ?? Buffer.alloc(0);
    const inside = (other: string) => other !== '/' && posix.dirname(other) === path;
    const rows = [...files].flatMap(([name, { data, time }]) =>
      inside(name) ? [`type=file;size=${data.length};modify=${time}; ${posix.basename(name)}`] : [],
    );
    const below = [...folders].filter(inside).map(name => `type=dir; ${posix.basename(name)}`);
    return Buffer.from(['type=cdir; .', ...below, ...rows].map(row => `${row}\r\n`).join(''));
  }
}

const NOW = '20300101000000';
const DEFAULTS: Readonly<Record<string, string>> = {
  USER: '331 password',
  OPTS: '200 ok',
  TYPE: '200 ok',
  PBSZ: '200 ok',
  PROT: '200 ok',
  NOOP: '200 ok',
  QUIT: '221 bye',
  ABOR: '226 ok',
  REST: '350 ok',
};

/** False when the connection ended before. */
function secured(socket: TLSSocket): Promise<boolean> {
  return new Promise(resolve => {
    socket.once('secure', () => resolve(true));
    socket.once('close', () => resolve(false));
  });
}

async function contentOf(socket: TLSSocket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The bytes below TLS. Silent, it swallows what the server says once the handshake is done: first of all, its new tickets. */
class Link extends Duplex {
  silent = false;
  readonly #raw: Socket;
  #answered = false;

  constructor(raw: Socket, first: Buffer) {
    super();
    this.#raw = raw;
    this.push(first);
    raw.on('data', chunk => {
      this.#answered = true;
      this.push(chunk);
    });
    raw.on('end', () => this.push(null));
    raw.on('close', () => this.destroy());
  }

  override _read(): void {
    // The socket flows: what a test sends is small.
  }

  override _write(chunk: Buffer, _: string, done: () => void): void {
    if (!(this.silent && this.#answered)) this.#raw.write(chunk);
    done();
  }

  override _final(done: () => void): void {
    this.#raw.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#raw.destroy();
    done(error);
  }
}
