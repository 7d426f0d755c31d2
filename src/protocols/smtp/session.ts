// The client's side of an SMTP dialogue as a sans-IO state machine (RFC 5321 section 4.1.4): bytes in, matched replies out.
//
//   state      may send                                  the reply leads to
//   greeting   nothing                                   220 fresh · else ended                     RFC 5321 4.3.1
//   fresh      EHLO HELO QUIT                            250 ready · else fresh                     RFC 5321 4.1.1.1
//   ready      EHLO STARTTLS AUTH MAIL RSET NOOP QUIT
//   starttls   nothing                                   220 tls · else ready                       RFC 3207 4
//   tls        nothing, until secured()                  fresh, everything learnt forgotten         RFC 3207 4.2
//   auth       RESPONSE, after a 334                     334 auth · else ready                      RFC 4954 4
//   mail       RCPT RSET QUIT                            refused: aborted
//   rcpt       RCPT DATA RSET QUIT, BDAT with LAST       (BDAT) ready                                RFC 3030 2
//   data       nothing                                   354 content · else aborted                 RFC 5321 4.1.1.4
//   content    content(), endOfData()                    a reply before the end: ended
//   verdict    MAIL, pipelined                           ready, unless a MAIL went on                RFC 2920 3.1
//   aborted    RSET QUIT                                 (a transaction that came to nothing)
//   closing    nothing                                   ended
//
// send() moves on at once, so that a group may be sent before its first reply (RFC 2920); 421 ends every state (RFC 5321 3.8).
import { BrokenSessionError, MisuseError } from '../../core/errors.ts';
import { printable, shorten } from '../../core/text.ts';
import type { Command } from '../wire/command.ts';
import { DotStuffer } from '../wire/dots.ts';
import { REPLY_LINE_BYTES_MAX } from '../wire/limits.ts';
import { ReceiveBuffer } from '../wire/receive-buffer.ts';
import { type Reply, ReplyParser } from '../wire/reply.ts';
import { encode, type SmtpCommand, type Verb } from './command.ts';
import { type Extensions, NO_EXTENSIONS, readExtensions } from './extensions.ts';

export type SmtpState =
  | 'greeting'
  | 'fresh'
  | 'ready'
  | 'starttls'
  | 'tls'
  | 'auth'
  | 'mail'
  | 'rcpt'
  | 'data'
  | 'content'
  | 'verdict'
  | 'aborted'
  | 'closing'
  | 'ended';

const NEXT: Readonly<Record<SmtpState, Readonly<Partial<Record<Verb, SmtpState>>>>> = {
  greeting: {},
  fresh: { EHLO: 'fresh', HELO: 'fresh', QUIT: 'closing' },
  ready: {
    EHLO: 'fresh',
    STARTTLS: 'starttls',
    AUTH: 'auth',
    MAIL: 'mail',
    RSET: 'ready',
    NOOP: 'ready',
    QUIT: 'closing',
  },
  starttls: {},
  tls: {},
  auth: { RESPONSE: 'auth' },
  mail: { RCPT: 'rcpt', RSET: 'ready', QUIT: 'closing' },
  rcpt: { RCPT: 'rcpt', DATA: 'data', BDAT: 'ready', RSET: 'ready', QUIT: 'closing' },
  data: {},
  content: {},
  /** The next envelope may follow the end of a message at once, where the server pipelines. */
  verdict: { MAIL: 'mail' },
  aborted: { RSET: 'ready', QUIT: 'closing' },
  closing: {},
  ended: {},
};

export interface SmtpEvent {
  /** What the reply answers: a command, the greeting, the message after its final dot, or nothing (a 421 out of the blue). */
  readonly to: Verb | 'greeting' | 'message' | 'nothing';
  /** The safe text of that command. */
  readonly shown: string;
  readonly reply: Reply;
  /** A 421: the server ends the session. */
  readonly closing: boolean;
}

type Awaited = Pick<SmtpEvent, 'to' | 'shown'>;

/** Commands after which the server must be heard before anything else is sent (RFC 2920 section 3.1). */
const LAST_OF_GROUP: ReadonlySet<SmtpEvent['to']> = new Set(['EHLO', 'HELO', 'STARTTLS', 'AUTH', 'RESPONSE', 'DATA', 'QUIT']);

export class SmtpSession {
  #state: SmtpState = 'greeting';
  #awaited: Awaited[] = [{ to: 'greeting', shown: 'the greeting' }];
  #extensions: Extensions = NO_EXTENSIONS;
  #mailAccepted = false;
  #stuffer = new DotStuffer();
  readonly #buffer = new ReceiveBuffer();
  readonly #parser = new ReplyParser('smtp');
  readonly #lmtp: boolean;

  /** `lmtp`: LHLO for EHLO, and after a message one reply for each accepted recipient (RFC 2033 section 4.2). */
  constructor({ lmtp = false }: { readonly lmtp?: boolean } = {}) {
    this.#lmtp = lmtp;
  }

  get state(): SmtpState {
    return this.#state;
  }

  get extensions(): Extensions {
    return this.#extensions;
  }

  get lmtp(): boolean {
    return this.#lmtp;
  }

  /** Replies still to come. */
  get awaiting(): number {
    return this.#awaited.length;
  }

  /** Bytes received that belong to no reply so far. */
  get unread(): number {
    return this.#buffer.length;
  }

  /** Throws MisuseError when the state does not allow the command, or a group is sent to a server without PIPELINING. */
  send(command: SmtpCommand): Command {
    const { verb } = command;
    const next = NEXT[this.#state][verb];
    if (next === undefined) throw new MisuseError(`SMTP ${verb} in state ${this.#state}`);
    const last = this.#awaited.at(-1);
    if (last !== undefined && (!this.#extensions.pipelining || LAST_OF_GROUP.has(last.to))) {
      throw new MisuseError(`SMTP ${verb} before the reply to ${last.shown}`);
    }
    if (last === undefined && this.#buffer.length > 0) throw this.#end(unexpected('more than it was asked for'));
    const encoded = encode(command, this.#lmtp);
    this.#state = next;
    if (verb === 'MAIL') this.#mailAccepted = false;
    this.#awaited.push({ to: verb === 'BDAT' ? 'message' : verb, shown: encoded.shown });
    return encoded;
  }

  /** A piece of the message, fit for the wire. */
  content(chunk: Uint8Array): Buffer {
    if (this.#state !== 'content') throw new MisuseError(`message content in state ${this.#state}`);
    return this.#stuffer.push(chunk);
  }

  /** The whole message is at hand already, made fit for the wire by this one. */
  stuffedBy(stuffer: DotStuffer): void {
    if (this.#state !== 'content') throw new MisuseError(`message content in state ${this.#state}`);
    this.#stuffer = stuffer;
  }

  /** The end of the message; with its last byte the server may take the mail. */
  endOfData(recipients = 1): Buffer {
    if (this.#state !== 'content') throw new MisuseError(`end of message in state ${this.#state}`);
    this.#state = 'verdict';
    const replies = this.#lmtp ? recipients : 1;
    for (let count = 0; count < replies; count++) this.#awaited.push({ to: 'message', shown: 'the end of the message' });
    return this.#stuffer.finish();
  }

  /** TLS stands: what the server said in clear text counts no more. */
  secured(): void {
    if (this.#state !== 'tls') throw new MisuseError(`TLS in state ${this.#state}`);
    this.#state = 'fresh';
    this.#extensions = NO_EXTENSIONS;
  }

  receive(bytes: Uint8Array): void {
    this.#buffer.push(bytes);
  }

  /** The next whole reply among the bytes received. Throws BrokenSessionError when the server breaks the protocol. */
  next(): SmtpEvent | undefined {
    try {
      for (;;) {
        const line = this.#buffer.takeLine(REPLY_LINE_BYTES_MAX);
        if (line === undefined) return undefined;
        const reply = this.#parser.push(line);
        if (reply !== undefined) return this.#match(reply);
      }
    } catch (error) {
      throw this.#end(error as Error);
    }
  }

  #match(reply: Reply): SmtpEvent {
    const awaited = this.#awaited.shift() ?? this.#unasked(reply);
    const event = { to: awaited.to, shown: awaited.shown, reply, closing: reply.code === 421 };
    if (event.closing) this.#state = 'ended';
    else this.#advance(event);
    return event;
  }

  /** A server may say goodbye at any time, and turn a message down before it has all of it; anything else is out of step. */
  #unasked(reply: Reply): Awaited {
    if (this.#state === 'content' && reply.code >= 400) {
      this.#state = 'ended';
      return { to: 'message', shown: 'the message' };
    }
    if (reply.code === 421) return { to: 'nothing', shown: 'nothing' };
    throw unexpected(`${reply.code} ${reply.lines[0] ?? ''}`);
  }

  #advance({ to, reply }: SmtpEvent): void {
    const { code } = reply;
    if (code < 200 || (code >= 300 && code < 400 && code !== EXPECTED_3YZ[to])) throw unexpected(`${code} to ${to}`);
    const good = code < 400;
    switch (to) {
      case 'greeting':
        this.#state = code === 220 ? 'fresh' : 'ended';
        return;
      case 'EHLO':
      case 'HELO':
        if (good) this.#extensions = to === 'EHLO' ? readExtensions(reply) : NO_EXTENSIONS;
        this.#state = good ? 'ready' : 'fresh';
        return;
      case 'STARTTLS':
        this.#state = code === 220 ? 'tls' : 'ready';
        if (code === 220 && this.#buffer.length > 0) throw injected();
        return;
      case 'AUTH':
      case 'RESPONSE':
        this.#state = code === 334 ? 'auth' : 'ready';
        return;
      case 'MAIL':
        this.#mailAccepted = good;
        if (!good && this.#state === 'mail') this.#state = 'aborted';
        return;
      case 'DATA':
        if (code === 354 ? !this.#mailAccepted : good) throw unexpected(`${code} to DATA`);
        this.#state = code === 354 ? 'content' : 'aborted';
        this.#stuffer = new DotStuffer();
        return;
      case 'message':
        if (this.#state === 'verdict') this.#state = 'ready';
        return;
      case 'QUIT':
        this.#state = 'ended';
        return;
      default:
        return;
    }
  }

  #end<E extends Error>(error: E): E {
    this.#state = 'ended';
    this.#awaited = [];
    return error;
  }
}

const EXPECTED_3YZ: Readonly<Partial<Record<SmtpEvent['to'], number>>> = { AUTH: 334, RESPONSE: 334, DATA: 354 };

function unexpected(what: string): BrokenSessionError {
  return new BrokenSessionError('reply-unexpected', `the server answered out of step: ${shorten(printable(what), 120)}`, {
    hint: 'Check that host and port belong to an SMTP server.',
  });
}

function injected(): BrokenSessionError {
  return new BrokenSessionError(
    'plaintext-injected',
    'bytes arrived before the TLS handshake: somebody may be tampering with it',
    {
      retry: 'never',
      hint: 'Do not trust this network; use `tls: implicit` where the server offers it.',
    },
  );
}
