// A signed-in SMTP session: sends mails one after the other and says what became of each recipient.
import { BrokenSessionError, CancelledError, MisuseError } from '../../core/errors.ts';
import { formatAddress } from './address.ts';
import { type Bag, type Message, type Parcel, parcelOf } from './bag.ts';
import { type ChunkingProof, proveChunking } from './chunk-probe.ts';
import { deliverInChunks } from './chunks.ts';
import type { Conversation } from './conversation.ts';
import { checkSize, type Envelope, type EnvelopePlan, type MessageFacts, planEnvelope } from './envelope.ts';
import type { Extensions } from './extensions.ts';
import { measure } from './measure.ts';
import { outcomeOf, type RecipientResult, type SendResult } from './outcome.ts';
import type { Pace, Technique } from './technique.ts';
import { deliverAll } from './transaction.ts';

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

/** One mail of many. */
export interface OutgoingMail {
  readonly envelope: Envelope;
  readonly message: AsyncIterable<Uint8Array> | Uint8Array;
  readonly info?: MessageInfo;
}

export interface SmtpClient {
  readonly extensions: Extensions;
  readonly technique: Technique;
  /** False once the session broke or ended; such a client is done. */
  readonly usable: boolean;
  /**
   * Rejects only when no recipient can have the mail: AppError for what the server cannot take, BrokenSessionError when the session
   * broke before the end of the message left. Whatever the server decided is in the result.
   */
  send(envelope: Envelope, message: AsyncIterable<Uint8Array> | Uint8Array, info?: MessageInfo): Promise<SendResult>;
  /**
   * Sends one mail after the other at one round trip each, and tells the outcome of each one that it took: what send() would resolve
   * or reject with. Takes no more once the session is over, so that several clients may share one source.
   */
  sendAll<M extends OutgoingMail>(mails: MailSource<M>, told: (mail: M, outcome: SendResult | Error) => void): Promise<void>;
  /** Throws AppError `message-too-big` when the server takes no message of so many octets: before anybody makes one. */
  checkSize(bytes: number): void;
  /** Finds out, without a mail, whether whole mails may go in a window; the session is over then. */
  proveChunking(): Promise<ChunkingProof>;
  /** Says goodbye and closes; never rejects and never waits long. */
  quit(): Promise<void>;
  /** Closes now. */
  close(reason?: Error): void;
}

export type MailSource<M extends OutgoingMail> = Iterator<M> | AsyncIterator<M>;

/** The reply to QUIT decides nothing. */
const GOODBYE_MS = 2_000;

/** What holds for every mail of a session, unless its envelope says otherwise. */
export type Wishes = Pick<Envelope, 'notify' | 'requireTls'>;

export class SmtpSessionClient implements SmtpClient {
  readonly #talk: Conversation;
  readonly technique: Technique;
  readonly #windowMails: number;
  readonly #wishes: Wishes;
  readonly #onSurprise: () => Promise<void>;
  #busy = false;

  /** `onSurprise` is called when the server lost its step. */
  constructor(
    talk: Conversation,
    { technique, windowMails }: Pace,
    wishes: Wishes = {},
    onSurprise: () => Promise<void> = async () => undefined,
  ) {
    this.#talk = talk;
    this.#wishes = wishes;
    this.technique = technique;
    this.#windowMails = windowMails;
    this.#onSurprise = onSurprise;
  }

  get extensions(): Extensions {
    return this.#talk.session.extensions;
  }

  get usable(): boolean {
    const { state } = this.#talk.session;
    return !this.#talk.broken && (state === 'ready' || state === 'aborted' || state === 'mail' || state === 'rcpt');
  }

  async send(envelope: Envelope, message: AsyncIterable<Uint8Array> | Uint8Array, info: MessageInfo = {}): Promise<SendResult> {
    if (!this.#busy && !this.usable) throw this.#over();
    let outcome: SendResult | Error = this.#over();
    await this.sendAll([{ envelope, message, info }].values(), (_, told) => {
      outcome = told;
    });
    if (outcome instanceof Error) throw outcome;
    return outcome;
  }

  async sendAll<M extends OutgoingMail>(
    mails: MailSource<M>,
    told: (mail: M, outcome: SendResult | Error) => void,
  ): Promise<void> {
    if (this.#busy) throw new MisuseError('two mails at once on one SMTP session');
    this.#busy = true;
    try {
      const bag = new MailBag(mails, told, mail => this.#parcel(mail));
      if (this.usable) await this.#deliver(bag);
      bag.finish();
      if (this.#talk.broken && isSurprise(this.#talk.ending())) await this.#onSurprise();
    } finally {
      this.#busy = false;
    }
  }

  #deliver(bag: Bag): Promise<void> {
    return this.technique === 'chunks' && this.#talk.session.state === 'ready'
      ? deliverInChunks(this.#talk, bag, this.#windowMails)
      : deliverAll(this.#talk, bag, this.technique === 'chunks' ? 'overlap' : this.technique);
  }

  #parcel({ envelope, message, info = {} }: OutgoingMail): Parcel {
    const whole = message instanceof Uint8Array ? measure(message) : undefined;
    const facts = whole === undefined ? streamFacts(info, this.extensions) : { ...info, ...whole };
    const plan = planEnvelope({ ...this.#wishes, ...envelope }, this.extensions, facts, this.#talk.where);
    return parcelOf(plan, { ...info, chunks: message, stuffed: whole?.stuffed });
  }

  checkSize(bytes: number): void {
    checkSize(this.extensions, bytes, this.#talk.where);
  }

  async proveChunking(): Promise<ChunkingProof> {
    const proof = await proveChunking(this.#talk);
    this.close();
    return proof;
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

  #over(): BrokenSessionError {
    return new BrokenSessionError('session-ended', `the session with ${this.#talk.where} is over`);
  }
}

/** What comes of a server that mixes up commands sent together. */
function isSurprise(error: Error): boolean {
  return error instanceof BrokenSessionError && (error.code === 'reply-unexpected' || error.code === 'protocol-broken');
}

/** Mails on their way to parcels, and parcels on their way back for recipients that the server takes only later. */
class MailBag<M extends OutgoingMail> implements Bag {
  readonly #mails: MailSource<M>;
  readonly #told: (mail: M, outcome: SendResult | Error) => void;
  readonly #pack: (mail: M) => Parcel;
  readonly #mailOf = new Map<Parcel, { readonly mail: M; readonly before: readonly RecipientResult[] }>();
  #again: Parcel[] = [];

  constructor(mails: MailSource<M>, told: (mail: M, outcome: SendResult | Error) => void, pack: (mail: M) => Parcel) {
    this.#mails = mails;
    this.#told = told;
    this.#pack = pack;
  }

  async next(): Promise<Parcel | undefined> {
    const again = this.#again.shift();
    if (again !== undefined) return again;
    for (;;) {
      const { done, value: mail } = await this.#mails.next();
      if (done === true) return undefined;
      try {
        const parcel = this.#pack(mail);
        this.#mailOf.set(parcel, { mail, before: [] });
        return parcel;
      } catch (error) {
        this.#told(mail, error as Error);
      }
    }
  }

  /** A server that takes only so many recipients at once gets the mail again for the others (RFC 5321 section 4.5.3.1.10). */
  done(parcel: Parcel, outcome: SendResult | Error): void {
    const known = this.#mailOf.get(parcel);
    if (known === undefined) throw new MisuseError('the outcome of a mail is told twice');
    this.#mailOf.delete(parcel);
    const { mail, before } = known;
    if (outcome instanceof Error) return this.#told(mail, before.length === 0 ? outcome : resultOf(before, undefined));
    if (before.length === 0 && !outcome.recipients.some(isLeftOver)) return this.#told(mail, outcome);
    const recipients = merged(before, outcome.recipients);
    const rest = new Set(outcome.recipients.filter(isLeftOver).map(({ address }) => address));
    const progress = rest.size > 0 && outcome.recipients.some(({ status }) => status === 'accepted');
    if (!progress || !isRepeatable(mail)) return this.#told(mail, resultOf(recipients, outcome.reply));
    const again = parcelOf(without(parcel.plan, rest), parcel.message);
    this.#mailOf.set(again, { mail, before: recipients });
    this.#again.push(again);
  }

  /** The session is over: what was to go again stays as it is known. */
  finish(): void {
    for (const parcel of this.#again) {
      const known = this.#mailOf.get(parcel);
      if (known !== undefined) this.#told(known.mail, resultOf(known.before, undefined));
    }
    this.#again = [];
  }
}

function without(plan: EnvelopePlan, keep: ReadonlySet<string>): EnvelopePlan {
  return { ...plan, to: plan.to.filter(address => keep.has(formatAddress(address))) };
}

function merged(before: readonly RecipientResult[], news: readonly RecipientResult[]): readonly RecipientResult[] {
  if (before.length === 0) return news;
  const byAddress = new Map(news.map(recipient => [recipient.address, recipient]));
  return before.map(recipient => byAddress.get(recipient.address) ?? recipient);
}

function resultOf(recipients: readonly RecipientResult[], reply: string | undefined): SendResult {
  return { outcome: outcomeOf(recipients), recipients, ...(reply === undefined ? {} : { reply }) };
}

/** 452 alone, or as 4.5.3; any other enhanced code speaks of a full mailbox or disk (RFC 3463 section 3.6). */
function isLeftOver({ status, code, reply = '' }: RecipientResult): boolean {
  return status === 'deferred' && code === TOO_MANY_RECIPIENTS && !/^452 4\.(?!5\.3\b)\d/.test(reply);
}

const TOO_MANY_RECIPIENTS = 452;

function isRepeatable({ message, info }: OutgoingMail): boolean {
  return message instanceof Uint8Array || info?.repeatable === true;
}

/** Nobody has read the stream yet: it may hold anything that the server takes. */
function streamFacts(info: MessageInfo, offered: Extensions): MessageFacts {
  return { eightBit: offered.eightBitMime, ...info };
}
