// The control connection as a state machine without I/O: which reply answers which command (RFC 959 sections 4.2, 5.4 and 6).
//
//   state         send       transfer   abort      1yz           final        421
//   greeting      -          -          -          greeting      ready¹       closed    120: wait (5.4)
//   ready         replying   starting   -          closed²       closed²      closed
//   replying      replying³  replying³  -          replying      next⁴        closed
//   starting      -          -          aborting   transferring  ready⁵       closed    RETR, STOR, APPE, LIST, MLSD sent
//   transferring  -          -          aborting   transferring  ready        closed    150 or 125 seen
//   ending        ending     -          -          ending        next⁴        closed    its data has ended, its final reply is due
//   aborting      -          -          -          aborting      aborted      closed    ABOR sent; the transfer's own reply is due (4.1.3)
//   aborted       -          -          -          aborted       ready        closed    the reply to ABOR is due
//   closed        -          -          -          closed        closed       closed
//
//   ¹ only 220; any other greeting closes.   ² a reply that nobody asked for: replies and commands no longer match.
//   ³ several commands may wait for their replies, which come in their order; a transfer only as the last of them, since nothing
//     may be sent while one runs: servers refuse it, lose count, or end the transfer.
//   ⁴ what the next command waits for: replying, starting, or ready when there is none.
//   ⁵ servers that never send 150 exist; the final reply alone ends the transfer.
import { isAscii } from 'node:buffer';
import { BrokenSessionError, MisuseError } from '../../core/errors.ts';
import type { Command } from '../wire/command.ts';
import { REPLY_LINE_BYTES_MAX } from '../wire/limits.ts';
import { ReceiveBuffer, tooLong } from '../wire/receive-buffer.ts';
import { decodeText, type Reply, ReplyParser } from '../wire/reply.ts';
import { COMMANDS_WAITING_MAX, PRELIMINARY_REPLIES_MAX } from './limits.ts';

export type SessionState =
  | 'greeting'
  | 'ready'
  | 'replying'
  | 'starting'
  | 'transferring'
  | 'ending'
  | 'aborting'
  | 'aborted'
  | 'closed';
export type CommandKind = 'send' | 'transfer' | 'abort';
/** Must not throw. */
export type InnerLines = (line: Buffer) => void;
type Input = CommandKind | 'preliminary' | 'final' | 'closing';

/** `final` answers the oldest command in flight; while aborting, the first answers the transfer and the second ABOR. */
export type SessionEvent =
  | { readonly kind: 'preliminary'; readonly reply: Reply }
  | { readonly kind: 'final'; readonly reply: Reply }
  /** 421: the server is going away. */
  | { readonly kind: 'closing'; readonly reply: Reply }
  /** The peer broke the protocol; always the last event. */
  | { readonly kind: 'broken'; readonly error: BrokenSessionError };

const NEXT: Readonly<Record<SessionState, Readonly<Partial<Record<Input, SessionState>>>>> = {
  greeting: { preliminary: 'greeting', final: 'ready', closing: 'closed' },
  ready: { send: 'replying', transfer: 'starting', closing: 'closed' },
  replying: { send: 'replying', transfer: 'replying', preliminary: 'replying', final: 'ready', closing: 'closed' },
  starting: { abort: 'aborting', preliminary: 'transferring', final: 'ready', closing: 'closed' },
  transferring: { abort: 'aborting', preliminary: 'transferring', final: 'ready', closing: 'closed' },
  ending: { send: 'ending', preliminary: 'ending', final: 'ready', closing: 'closed' },
  aborting: { preliminary: 'aborting', final: 'aborted', closing: 'closed' },
  aborted: { preliminary: 'aborted', final: 'ready', closing: 'closed' },
  closed: {},
};

const [LF, CR] = [0x0a, 0x0d];

export class FtpSession {
  readonly #buffer = new ReceiveBuffer();
  readonly #replies: ReplyParser;
  #state: SessionState = 'greeting';
  #preliminaries = 0;
  /** Commands in flight whose reply somebody takes line by line. */
  #inners = 0;
  /** The data of the transfer that waits for its turn has ended already. */
  #ended = false;
  /** Commands in flight, the oldest first. */
  readonly #waiting: { readonly kind: 'send' | 'transfer'; readonly inner: InnerLines | undefined }[] = [];

  /** `decode` reads the names inside replies. */
  constructor(decode: (bytes: Buffer) => string = decodeText) {
    this.#replies = new ReplyParser('ftp', decode);
  }

  get state(): SessionState {
    return this.#state;
  }

  /**
   * Throws MisuseError when the state does not allow the command; nothing must be sent then. `inner` takes the lines inside a reply of
   * any length.
   */
  send(kind: CommandKind, command: Command, inner?: InnerLines): Command {
    const next = NEXT[this.#state][kind];
    const sealed = this.#state === 'replying' && this.#waiting[this.#waiting.length - 1]?.kind === 'transfer' && !this.#ended;
    if (next === undefined || sealed || this.#waiting.length >= COMMANDS_WAITING_MAX) {
      throw new MisuseError(
        `"${command.shown}" cannot be sent while the FTP session is ${sealed ? 'about to transfer' : this.#state}`,
      );
    }
    if (this.#waiting.length === 0 || kind === 'abort') this.#preliminaries = 0;
    if (kind !== 'abort') this.#waiting.push({ kind, inner });
    if (inner !== undefined) this.#inners += 1;
    this.#state = next;
    return command;
  }

  /** A transfer is the command whose reply is due. */
  get transfers(): boolean {
    return NEXT[this.#state].abort !== undefined;
  }

  /** The data of the transfer has ended: only its replies are due, and commands may follow. False when that is not so. */
  ended(): boolean {
    if (this.#state === 'starting' || this.#state === 'transferring') this.#state = 'ending';
    this.#ended = this.#state === 'replying' && this.#waiting.at(-1)?.kind === 'transfer';
    return this.#ended || this.#state === 'ending';
  }

  /** What these bytes complete, in order. Never throws: a broken protocol is the last event. */
  receive(bytes: Buffer): SessionEvent[] {
    const events: SessionEvent[] = [];
    if (this.#state === 'closed') return events;
    try {
      if (this.#isPlain(bytes)) this.#receiveText(bytes.toString('latin1'), events);
      else this.#receiveBytes(bytes, events);
    } catch (error) {
      this.#state = 'closed';
      if (!(error instanceof BrokenSessionError)) throw error;
      events.push({ kind: 'broken', error });
    }
    return events;
  }

  /** Whole lines of ASCII that nobody wants as bytes: nearly all that ever comes. */
  #isPlain(bytes: Buffer): boolean {
    return bytes[bytes.length - 1] === LF && this.#buffer.length === 0 && this.#inners === 0 && isAscii(bytes);
  }

  #receiveText(text: string, events: SessionEvent[]): void {
    for (let from = 0; from < text.length && this.#takes(); ) {
      const end = text.indexOf('\n', from);
      const stop = end > from && text.charCodeAt(end - 1) === CR ? end - 1 : end;
      if (stop - from > REPLY_LINE_BYTES_MAX) throw tooLong(REPLY_LINE_BYTES_MAX);
      const reply = this.#replies.pushText(text.slice(from, stop), stop - from);
      if (reply !== undefined) events.push(this.#event(reply));
      from = end + 1;
    }
  }

  #receiveBytes(bytes: Buffer, events: SessionEvent[]): void {
    this.#buffer.push(bytes);
    while (this.#takes()) {
      const line = this.#buffer.takeLine(REPLY_LINE_BYTES_MAX);
      if (line === undefined) break;
      const reply = this.#replies.push(line, this.#waiting[0]?.inner);
      if (reply !== undefined) events.push(this.#event(reply));
    }
  }

  /** Called between the server's yes to AUTH TLS and the handshake: throws when more came than that yes (response injection). */
  assertSilent(): void {
    if (this.#buffer.length === 0 && !this.#replies.open) return;
    this.#state = 'closed';
    throw new BrokenSessionError('plaintext-injected', 'bytes arrived before the TLS handshake: somebody may be tampering', {
      retry: 'never',
      hint: 'Do not trust this network; use `tls: implicit` where the server offers it.',
    });
  }

  #takes(): boolean {
    return this.#state !== 'closed';
  }

  #event(reply: Reply): SessionEvent {
    const kind = reply.code === 421 ? 'closing' : reply.code < 200 ? 'preliminary' : 'final';
    if (kind === 'preliminary' && ++this.#preliminaries > PRELIMINARY_REPLIES_MAX)
      throw outOfStep('too many preliminary replies');
    const next = NEXT[this.#state][kind];
    if (next === undefined) throw outOfStep(`a reply that answers no command: ${reply.code}`);
    this.#state = this.#state === 'greeting' && kind === 'final' && reply.code !== 220 ? 'closed' : next;
    if (kind === 'final') this.#answered();
    return { kind, reply };
  }

  /** The oldest command has its reply; the next one's is due. */
  #answered(): void {
    if (this.#state === 'aborted' || this.#state === 'closed') return;
    this.#preliminaries = 0;
    if (this.#waiting.shift()?.inner !== undefined) this.#inners -= 1;
    const next = this.#waiting[0];
    if (next === undefined) return;
    this.#state = next.kind === 'send' ? 'replying' : this.#ended ? 'ending' : 'starting';
    if (next.kind === 'transfer') this.#ended = false;
  }
}

function outOfStep(what: string): BrokenSessionError {
  return new BrokenSessionError('protocol-broken', `the server sent ${what}`, {
    hint: 'The server or something in between mixes up replies; a new connection usually helps.',
  });
}
