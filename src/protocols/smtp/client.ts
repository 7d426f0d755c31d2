// A signed-in SMTP session: sends mails one after the other and says what became of each recipient.
import { BrokenSessionError, CancelledError, MisuseError } from '../../core/errors.ts';
import { formatAddress } from './address.ts';
import type { Conversation } from './conversation.ts';
import { type Envelope, type EnvelopePlan, type MessageFacts, planEnvelope } from './envelope.ts';
import type { Extensions } from './extensions.ts';
import { outcomeOf, type RecipientResult, type SendResult } from './outcome.ts';
import { type Message, transact } from './transaction.ts';

export interface MessageInfo extends Omit<Message, 'chunks'> {
  /** Octets of a streamed message with CRLF line ends, when known. */
  readonly bytes?: number;
  /** True when the header holds addresses that need SMTPUTF8. */
  readonly smtpUtf8?: boolean;
  /** Of a streamed message: false when it holds no octet above 127. Default: it may hold any that the server takes. */
  readonly eightBit?: boolean;
  /** A streamed message may be read again from its beginning, for recipients that the server takes only later. */
  readonly repeatable?: boolean;
}

export interface SmtpClient {
  readonly extensions: Extensions;
  /** False once the session broke or ended; such a client is done. */
  readonly usable: boolean;
  /**
   * Rejects only when no recipient can have the mail: AppError for what the server cannot take, BrokenSessionError when the session
   * broke before the end of the message left. Whatever the server decided is in the result.
   */
  send(envelope: Envelope, message: AsyncIterable<Uint8Array> | Uint8Array, info?: MessageInfo): Promise<SendResult>;
  /** Says goodbye and closes; never rejects and never waits long. */
  quit(): Promise<void>;
  /** Closes now. */
  close(reason?: Error): void;
}

/** The reply to QUIT decides nothing. */
const GOODBYE_MS = 2_000;

export class SmtpSessionClient implements SmtpClient {
  readonly #talk: Conversation;
  #busy = false;

  constructor(talk: Conversation) {
    this.#talk = talk;
  }

  get extensions(): Extensions {
    return this.#talk.session.extensions;
  }

  get usable(): boolean {
    const { state } = this.#talk.session;
    return !this.#talk.broken && (state === 'ready' || state === 'aborted' || state === 'mail' || state === 'rcpt');
  }

  async send(envelope: Envelope, message: AsyncIterable<Uint8Array> | Uint8Array, info: MessageInfo = {}): Promise<SendResult> {
    if (this.#busy) throw new MisuseError('two mails at once on one SMTP session');
    if (!this.usable) throw new BrokenSessionError('session-ended', `the session with ${this.#talk.where} is over`);
    this.#busy = true;
    try {
      const whole = message instanceof Uint8Array ? message : undefined;
      const facts = whole === undefined ? streamFacts(info, this.extensions) : { ...info, ...measure(whole) };
      const plan = planEnvelope(envelope, this.extensions, facts, this.#talk.where);
      const chunks = message instanceof Uint8Array ? [message] : message;
      const first = await transact(this.#talk, plan, { ...info, chunks });
      return whole === undefined && info.repeatable !== true
        ? first
        : await this.#sendToTheRest(plan, { ...info, chunks }, first);
    } finally {
      this.#busy = false;
    }
  }

  /** A server that takes only so many recipients at once gets the mail again for the others (RFC 5321 section 4.5.3.1.10). */
  async #sendToTheRest(plan: EnvelopePlan, message: Message, first: SendResult): Promise<SendResult> {
    let all = first.recipients;
    let reply = first.reply;
    for (;;) {
      const rest = new Set(all.filter(isLeftOver).map(({ address }) => address));
      const progress = all.some(({ status }) => status === 'accepted') && rest.size > 0;
      if (!progress || !this.usable) break;
      const to = plan.to.filter(address => rest.has(formatAddress(address)));
      const next = await transact(this.#talk, { ...plan, to }, message).catch(() => undefined);
      if (next === undefined) break;
      const news = new Map(next.recipients.map(recipient => [recipient.address, recipient]));
      all = all.map(recipient => news.get(recipient.address) ?? recipient);
      reply = next.reply ?? reply;
      if (next.recipients.every(isLeftOver)) break;
    }
    return { outcome: outcomeOf(all), recipients: all, ...(reply === undefined ? {} : { reply }) };
  }

  async quit(): Promise<void> {
    if (!this.usable) return this.close();
    try {
      await this.#talk.send([{ verb: 'QUIT' }]);
      await this.#talk.reply(Math.min(this.#talk.timeoutMs, GOODBYE_MS));
    } catch {
      // The mails are settled; how the server parts from us changes nothing.
    }
    this.close();
  }

  close(reason: Error = new CancelledError('the SMTP session was closed here')): void {
    this.#talk.fail(reason);
  }
}

function isLeftOver({ status, code }: RecipientResult): boolean {
  return status === 'deferred' && code === TOO_MANY_RECIPIENTS;
}

const TOO_MANY_RECIPIENTS = 452;

/** Nobody has read the stream yet: it may hold anything that the server takes. */
function streamFacts(info: MessageInfo, offered: Extensions): MessageFacts {
  return { eightBit: offered.eightBitMime, ...info };
}

/** Octets once every CR, LF or CRLF is a CRLF, and whether any is above 127. */
function measure(message: Uint8Array): { readonly bytes: number; readonly eightBit: boolean } {
  let bytes = message.length;
  let highest = 0;
  for (let at = 0; at < message.length; at++) {
    const byte = message[at] ?? 0;
    if (byte === CR ? message[at + 1] !== LF : byte === LF && message[at - 1] !== CR) bytes += 1;
    if (byte > highest) highest = byte;
  }
  return { bytes, eightBit: highest > 0x7f };
}

const CR = 0x0d;
const LF = 0x0a;
