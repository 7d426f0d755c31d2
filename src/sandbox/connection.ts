// The control connection of a sandbox server: lines in, replies out, and the one place where faults strike it.
import { nextTurn } from '../core/clock.ts';
import { BrokenSessionError } from '../core/errors.ts';
import { printable } from '../core/text.ts';
import type { ServerTransport, TlsServerContext } from '../protocols/net/listener.ts';
import { UNREAD_BYTES_MAX } from '../protocols/wire/limits.ts';
import { ReceiveBuffer } from '../protocols/wire/receive-buffer.ts';
import { decodeText } from '../protocols/wire/reply.ts';
import type { ServerName } from './fault-points.ts';
import { FaultStream, garbled } from './fault-stream.ts';
import type { FaultAction, FaultRule } from './faults.ts';
import type { ServiceContext } from './service-options.ts';

/** What a point has in store for the command that passes it. */
export interface Weather {
  /** Send this instead of doing what was asked. */
  readonly instead: string | undefined;
  /** Rules that count bytes of the transfer; empty unless the caller said that there is one. */
  readonly later: readonly FaultRule[];
}

const REFUSALS: Readonly<Record<ServerName, { readonly refuse: string; readonly close: string; readonly full: string }>> = {
  ftp: { refuse: '550 Refused by a fault rule.', close: '421 Refused by a fault rule.', full: '452 No space left on device.' },
  pop3: {
    refuse: '-ERR refused by a fault rule',
    close: '-ERR refused by a fault rule',
    full: '-ERR [SYS/TEMP] no space left on device',
  },
  smtp: {
    refuse: '554 5.7.1 Refused by a fault rule',
    close: '554 5.7.1 Refused by a fault rule',
    full: '452 4.3.1 Insufficient system storage',
  },
};

function clientGone(): BrokenSessionError {
  return new BrokenSessionError('connection-cut', 'the client is gone');
}

/** Bytes of one answer that `split` sends one by one; what follows goes whole. */
const SPLIT_BYTES_MAX = 4_096;

/** How a line is shown: secrets masked. */
export type Show = (line: string) => string;

export class Connection {
  readonly server: ServerName;
  readonly #transport: ServerTransport;
  readonly #context: ServiceContext;
  readonly #buffer = new ReceiveBuffer();
  #filling: Promise<boolean> | undefined;
  #held: Buffer | undefined;
  #garble = false;
  #splitLeft = 0;
  #stream: FaultStream | undefined;

  constructor(server: ServerName, transport: ServerTransport, context: ServiceContext) {
    this.server = server;
    this.#transport = transport;
    this.#context = context;
  }

  get secure(): boolean {
    return this.#transport.secure;
  }

  get local() {
    return this.#transport.local;
  }

  get remote() {
    return this.#transport.remote;
  }

  /** Passes `connect`: throws when the connection is refused, else says how long to wait before the greeting. */
  accept(): number {
    const rules = this.strike('connect');
    if (rules.some(({ action }) => action.kind === 'refuse' || action.kind === 'cut')) throw this.#cut();
    return rules.reduce((sum, { action }) => sum + (action.kind === 'delay' ? action.ms : 0), 0);
  }

  /**
   * Passes a point of the dialogue: waits, cuts (throws), or arms the spoiling of the replies that follow.
   * With `transfer`, rules that count bytes are handed back for the data; else they count the bytes of the answer.
   */
  async at(point: string, transfer = false): Promise<Weather> {
    const rules = this.strike(point);
    const later = rules.filter(rule => rule.afterBytes !== undefined);
    this.#garble = false;
    this.#splitLeft = 0;
    this.#stream = transfer || later.length === 0 ? undefined : new FaultStream(later);
    let instead: string | undefined;
    for (const { action, afterBytes } of rules) {
      if (afterBytes === undefined) instead = (await this.suffer(action, point)) ?? instead;
    }
    return { instead, later: transfer ? later : [] };
  }

  /** Passes the point that a reply itself is: what is to be said then, or undefined when nothing is. */
  async saying(point: string, text: string): Promise<string | undefined> {
    let said: string | undefined = text;
    for (const { action } of this.strike(point)) {
      if (action.kind === 'skip') said = undefined;
      else said = (await this.suffer(action, point)) ?? said;
    }
    return said;
  }

  /** The rules that strike at a point now; they are noted for whoever watches. */
  strike(point: string): readonly FaultRule[] {
    const rules = this.#context.faults.at(this.server, point);
    for (const { text } of rules) this.note(`fault ${text}`);
    return rules;
  }

  /** The next line without its line end, or undefined after the client's end. Throws what `decode` throws; the line is gone then. */
  async line(bytesMax: number, show: Show, decode: (line: Buffer) => string = decodeText): Promise<string | undefined> {
    const line = await this.#next(bytesMax);
    this.#held = undefined;
    if (line === undefined) return undefined;
    const text = decode(line);
    this.#tell('received', show(text));
    return text;
  }

  /** Resolves with true when the next line matches while `work` is not done yet, with false when the client is gone. */
  async interruption(bytesMax: number, matches: (line: string) => boolean): Promise<boolean> {
    const line = await this.#next(bytesMax);
    if (line === undefined) return false;
    return matches(decodeText(line)) || new Promise<boolean>(() => undefined);
  }

  /** The next bytes as they come, for message data; undefined after the client's end. */
  async chunk(): Promise<Buffer | undefined> {
    if (this.#buffer.length === 0 && !(await this.#fill())) return undefined;
    return this.#buffer.takeAll();
  }

  /** Gives back what chunk() read too much. */
  unread(bytes: Buffer): void {
    if (bytes.length > 0) this.#buffer.push(bytes);
  }

  /** Sends a reply of one or more lines (`\n` between them). */
  async reply(text: string): Promise<void> {
    const lines = text.split('\n');
    for (const line of lines) this.#tell('sent', line);
    await this.write(Buffer.from(`${lines.join('\r\n')}\r\n`, 'utf8'));
  }

  /** Sends bytes as the weather allows. */
  async write(bytes: Buffer): Promise<void> {
    const spoiled = this.#garble ? garbled(bytes) : bytes;
    this.#garble = false;
    for (const part of this.#stream?.push(spoiled) ?? [spoiled]) {
      if (Buffer.isBuffer(part)) {
        await this.#send(part);
        continue;
      }
      const text = await this.suffer(part.action, '*');
      if (text !== undefined) await this.#send(Buffer.from(`${text}\r\n`, 'utf8'));
    }
  }

  /** Starts TLS as server. Throws when the client sent anything in clear after asking for it (RFC 3207 section 4.2). */
  async startTls(context: TlsServerContext): Promise<void> {
    const rules = this.strike('tls');
    if (rules.some(({ action }) => action.kind === 'garble'))
      await this.#transport.write(garbled(Buffer.from('not a handshake!')));
    if (rules.length > 0) throw this.#cut();
    if (this.#buffer.length > 0 || this.#held !== undefined) {
      throw new BrokenSessionError('plaintext-injected', 'clear text followed the request for TLS');
    }
    await this.#transport.startTlsServer(context);
    this.note('TLS started');
  }

  /** Lets an action happen: cuts (throws), waits, arms what spoils the next reply, or says which reply to give. */
  async suffer(action: FaultAction, point: string): Promise<string | undefined> {
    const words = REFUSALS[this.server];
    switch (action.kind) {
      case 'cut':
      case 'reset':
        throw this.#cut();
      case 'skip':
        return undefined;
      case 'delay':
        await this.pause(action.ms);
        return undefined;
      case 'garble':
        this.#garble = true;
        return undefined;
      case 'split':
        this.#splitLeft = SPLIT_BYTES_MAX;
        return undefined;
      case 'reply':
        return action.text;
      case 'refuse':
        return point === 'greeting' ? words.close : words.refuse;
      case 'full':
        return words.full;
    }
  }

  /** Waits; ends early, throwing, when the server closes or the client is gone. */
  async pause(ms: number): Promise<void> {
    const over = new AbortController();
    const watch = async () => {
      while (!over.signal.aborted && this.#buffer.length < UNREAD_BYTES_MAX)
        if (!(await this.#fill())) return over.abort(clientGone());
    };
    watch().catch(error => over.abort(error));
    try {
      await this.#context.clock.sleep(ms, AbortSignal.any([this.#context.signal, over.signal]));
    } finally {
      over.abort();
    }
  }

  /** Cuts the connection now; whatever waits on it throws. */
  close(): void {
    this.#cut();
  }

  note(text: string): void {
    this.#tell('note', text);
  }

  async #next(bytesMax: number): Promise<Buffer | undefined> {
    while (this.#held === undefined) {
      this.#held = this.#buffer.takeLine(bytesMax);
      if (this.#held === undefined && !(await this.#fill())) return undefined;
    }
    return this.#held;
  }

  /** One read at a time, shared by everybody who waits; false after the client's end. */
  #fill(): Promise<boolean> {
    this.#filling ??= this.#transport
      .read()
      .then(chunk => {
        if (chunk !== undefined) this.#buffer.push(chunk);
        return chunk !== undefined;
      })
      .finally(() => {
        this.#filling = undefined;
      });
    return this.#filling;
  }

  async #send(bytes: Buffer): Promise<void> {
    let rest = bytes;
    while (this.#splitLeft > 0 && rest.length > 0) {
      await this.#transport.write(rest.subarray(0, 1));
      await nextTurn();
      rest = rest.subarray(1);
      this.#splitLeft -= 1;
    }
    if (rest.length > 0) await this.#transport.write(rest);
  }

  #cut(): BrokenSessionError {
    const error = new BrokenSessionError('connection-cut', 'cut by the sandbox');
    this.#transport.close(error);
    return error;
  }

  #tell(direction: 'received' | 'sent' | 'note', text: string): void {
    this.#context.onLine?.(this.server, direction, printable(text));
  }
}
