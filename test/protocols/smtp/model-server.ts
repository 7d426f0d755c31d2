// An SMTP server without sockets: exact about what it really took, cut off at any byte in either direction, chopped into any pieces.
import type { Dial } from '../../../src/protocols/net/dial.ts';
import type { ControlTransport } from '../../../src/protocols/net/transport.ts';

export interface Taken {
  readonly from: string;
  readonly to: readonly string[];
  readonly data: string;
}

export interface ModelOptions {
  readonly offers: readonly string[];
  /** Another reply for a line, or for `.` and `BDAT` as the verdict on a message. */
  readonly answer?: (line: string) => string | undefined;
  /** Only so many bytes reach the server; it handles them, answers, and is gone. */
  readonly receives?: number;
  /** Only so many bytes of its replies reach the client. */
  readonly says?: number;
  /** Replies arrive in pieces of so many bytes. */
  readonly piece?: number;
  /** Answers LHLO; the verdict on a message holds a line for each recipient. */
  readonly lmtp?: boolean;
  /** Does not throw away the chunk of a refused mail. */
  readonly readsChunks?: boolean;
}

export class ModelServer {
  /** Shared by several servers where the mailbox behind them is one. */
  readonly taken: Taken[];
  received = 0;
  said = 0;
  /** Reads by the client that had to wait for an answer to what it wrote: round trips. */
  roundTrips = 0;
  /** Mails taken at any time whose verdict the client had not read. */
  unansweredMax = 0;
  readonly lines: string[] = [];
  readonly #options: ModelOptions;
  #input = Buffer.alloc(0);
  #output: Buffer[] = [];
  #from: string | undefined;
  #to: string[] = [];
  #mode: 'command' | 'data' | { readonly chunk: number; readonly line: string } = 'command';
  #gone = false;
  #wake: (() => void) | undefined;
  #asked = true;
  #deaf = false;

  constructor(options: ModelOptions, taken: Taken[] = []) {
    this.#options = options;
    this.taken = taken;
  }

  get dial(): Dial {
    return async () => {
      [this.#from, this.#to, this.#mode, this.#gone] = [undefined, [], 'command', false];
      [this.#input, this.#output] = [Buffer.alloc(0), []];
      this.#say('220 model ESMTP');
      return this.#transport();
    };
  }

  #transport(): ControlTransport {
    let failure: Error | undefined;
    const nothing = async () => Promise.reject(new Error('not here'));
    return {
      secure: false,
      remote: { address: '127.0.0.1', port: 25 },
      local: { address: '127.0.0.1', port: 4711 },
      unreadBytes: 0,
      write: async (bytes: Uint8Array) => {
        if (failure !== undefined) throw failure;
        this.#asked = true;
        this.#receive(Buffer.from(bytes));
      },
      read: async () => {
        if (failure !== undefined) throw failure;
        if (this.#output.length === 0 && !this.#gone && !this.#deaf) await new Promise<void>(resolve => (this.#wake = resolve));
        if (failure !== undefined) throw failure;
        if (this.#asked) this.roundTrips += 1;
        this.#asked = false;
        return this.#output.shift();
      },
      close: (reason?: Error) => {
        failure ??= reason ?? new Error('closed');
        this.#wake?.();
      },
      startTls: nothing,
      openData: nothing,
      listenData: nothing,
      end: async () => undefined,
    } as unknown as ControlTransport;
  }

  #receive(bytes: Buffer): void {
    if (this.#gone) return;
    const left = (this.#options.receives ?? Number.POSITIVE_INFINITY) - this.received;
    this.received += bytes.length;
    this.#input = Buffer.concat([this.#input, bytes.subarray(0, Math.min(left, bytes.length))]);
    while (this.#step());
    if (bytes.length >= left) this.#leave();
  }

  #step(): boolean {
    if (this.#gone) return false;
    if (typeof this.#mode === 'object') return this.#chunk(this.#mode);
    if (this.#mode === 'data') return this.#data();
    const end = this.#input.indexOf('\r\n');
    if (end === -1) return false;
    const line = this.#input.subarray(0, end).toString('latin1');
    this.#input = this.#input.subarray(end + 2);
    this.#obey(line);
    return true;
  }

  #obey(line: string): void {
    this.lines.push(line);
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === 'BDAT') {
      const chunk = Number(/^BDAT (\d+) LAST$/.exec(line)?.[1]);
      if (this.#options.readsChunks && this.#to.length === 0) return this.#say('554 no valid recipients');
      this.#mode = { chunk, line };
      return;
    }
    const reply = this.#options.answer?.(line) ?? (line === 'RCPT TO:<>' ? '501 no recipient' : this.#usual(verb));
    const good = /^[23]/.test(reply);
    if (verb === 'MAIL' && good) [this.#from, this.#to] = [path(line), []];
    if (verb === 'RCPT' && good) this.#to.push(path(line));
    if (verb === 'RSET') [this.#from, this.#to] = [undefined, []];
    this.#say(reply);
    if (verb === 'DATA' && reply.startsWith('354')) this.#mode = 'data';
    if (verb === 'QUIT') this.#leave();
  }

  #usual(verb: string): string {
    const { offers } = this.#options;
    if (verb === (this.#options.lmtp ? 'LHLO' : 'EHLO'))
      return ['model', ...offers].map((text, i) => `250${i === offers.length ? ' ' : '-'}${text}`).join('\r\n');
    if (verb === 'MAIL') return this.#from === undefined ? '250 sender ok' : '503 nested MAIL';
    if (verb === 'RCPT') return this.#from === undefined ? '503 no MAIL' : '250 ok';
    if (verb === 'DATA') return this.#to.length === 0 ? '554 no valid recipients' : '354 go ahead';
    if (verb === 'QUIT') return '221 bye';
    return verb === 'RSET' || verb === 'NOOP' ? '250 ok' : '500 what?';
  }

  #data(): boolean {
    const start = this.#input.subarray(0, 3).equals(Buffer.from('.\r\n'));
    const end = start ? 0 : this.#input.indexOf('\r\n.\r\n');
    if (end === -1) return false;
    const data = start
      ? ''
      : this.#input
          .subarray(0, end + 2)
          .toString('latin1')
          .replace(/(^|\r\n)\./g, '$1');
    this.#input = this.#input.subarray(end + (start ? 3 : 5));
    this.#mode = 'command';
    this.#verdict('.', data);
    return true;
  }

  #chunk({ chunk, line }: { readonly chunk: number; readonly line: string }): boolean {
    if (this.#input.length < chunk) return false;
    const data = this.#input.subarray(0, chunk).toString('latin1');
    this.#input = this.#input.subarray(chunk);
    this.#mode = 'command';
    this.#verdict(line, data);
    return true;
  }

  #verdict(line: string, data: string): void {
    const reply = this.#to.length === 0 ? '554 no valid recipients' : (this.#options.answer?.(line) ?? '250 queued');
    if (reply.startsWith('250')) this.taken.push({ from: this.#from ?? '', to: this.#to, data });
    [this.#from, this.#to] = [undefined, []];
    this.#say(reply);
    const unread = this.#output.filter(bytes => bytes.toString().startsWith('250 queued')).length;
    this.unansweredMax = Math.max(this.unansweredMax, unread);
  }

  #say(reply: string): void {
    const bytes = Buffer.from(`${reply}\r\n`, 'latin1');
    const left = (this.#options.says ?? Number.POSITIVE_INFINITY) - this.said;
    this.said += bytes.length;
    const heard = bytes.subarray(0, Math.max(0, Math.min(left, bytes.length)));
    const piece = this.#options.piece ?? Math.max(1, heard.length);
    for (let at = 0; at < heard.length; at += piece) this.#output.push(heard.subarray(at, at + piece));
    this.#wake?.();
    // What it does from here on nobody hears.
    if (bytes.length > left) this.#deaf = true;
  }

  #leave(): void {
    this.#gone = true;
    this.#wake?.();
  }
}

function path(line: string): string {
  return /<(.*?)>/.exec(line)?.[1] ?? '?';
}
