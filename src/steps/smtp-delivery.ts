// Hands the mail of a step to a server, once per run: through the outbox, where it waits for what a later try can do (mail/outbox.ts).
import { cancelled } from '../core/clock.ts';
import { AppError, BrokenSessionError } from '../core/errors.ts';
import type { Letter, LetterHead, Outbox } from '../mail/outbox.ts';
import type { StreamedMail } from '../mail/stream.ts';
import { addressOf, type DkimKey, type Endpoint } from '../protocols/net/endpoint.ts';
import { type connectSmtp, type Outcome, outcomeOf, type RecipientResult, type SmtpClient } from '../protocols/smtp/index.ts';
import { ownStepId } from './smtp-mail.ts';
import { mailOf, type PostOffice, putOff, record, waitingOf } from './smtp-post.ts';
import type { StepContext, StepOutbox } from './step.ts';

export type Connect = typeof connectSmtp;

/** A mail that a step wants to be sent. */
export interface Mail {
  /** What the step is: `smtp/report`. */
  readonly uses: string;
  /** What it is about: there is one mail of a step about it. The run's id, or the name of a digest. */
  readonly run: string;
  /** The connection's name. */
  readonly connection: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly messageId: string;
  readonly subject: string;
  /** True when the header holds addresses that need SMTPUTF8. */
  readonly smtpUtf8: boolean;
  /** Called once, and only when this run has not composed it before. */
  readonly compose: () => Promise<Composed>;
}

export interface Composed extends StreamedMail {
  /** Lets go of the files that are attached. */
  close(): Promise<void>;
}

export type DeliveryOutputs = {
  readonly 'message-id': string | null;
  readonly outcome: Outcome | null;
  readonly accepted: number;
  /** Turned down for good. */
  readonly rejected: number;
  /** Not taken yet: another try may help. */
  readonly deferred: number;
};

export interface Delivered {
  readonly outputs: DeliveryOutputs;
  /** Refused recipients and what the server said, for notes and errors. */
  readonly refusals: readonly string[];
}

/** Rejects only when no recipient can have the mail; it waits in the outbox then, unless there is none. */
export function deliverOnce(mail: Mail, context: StepContext, connect: Connect): Promise<Delivered> {
  const { outbox } = context;
  return outbox === undefined ? deliverNow(mail, context, connect) : deliverHeld(mail, context, connect, outbox);
}

/** The error for a mail that must get through and did not, or undefined. */
export function failureOf({ outputs, refusals }: Delivered): AppError | undefined {
  const said = refusals.length === 0 ? '' : `: ${refusals.slice(0, 3).join('; ')}`;
  switch (outputs.outcome) {
    case 'rejected':
      return new AppError('mail-rejected', `the server took the mail for nobody${said}`, { hint: hintFor(refusals) });
    case 'deferred':
      return deferred(said, 'What a run cannot send waits in the outbox.');
    case 'indeterminate':
      return new AppError('mail-indeterminate', UNKNOWN, {
        hint: `Ask a recipient for the mail ${outputs['message-id'] ?? ''}; \`postrider outbox list\` shows it, \`outbox resend\` sends it again.`,
      });
    default:
      return undefined;
  }
}

function deferred(said: string, whereItIs: string): AppError {
  return new AppError('mail-deferred', `the server does not take the mail now${said}`, {
    retry: 'later',
    hint: `It asks to try again later (greylisting, a full mailbox, a limit). ${whereItIs}`,
  });
}

/** The error for a mail that no outbox keeps, or undefined when everybody has it: what is not said now is never heard of again. */
export function unheldFailureOf(delivered: Delivered): AppError | undefined {
  const { outputs, refusals } = delivered;
  const said = refusals.length === 0 ? '' : `; not delivered to ${refusals.slice(0, 3).join('; ')}`;
  switch (outputs.outcome) {
    case 'indeterminate':
      return new AppError('mail-indeterminate', `${UNKNOWN}${said}`, {
        hint: `Ask a recipient for the mail ${outputs['message-id'] ?? ''} before you send it again: whoever has it would get it twice.`,
      });
    case 'partial': {
      const all = outputs.accepted + outputs.rejected + outputs.deferred;
      return new AppError('mail-partial', `${outputs.accepted} of ${all} recipients have the mail${said}`, {
        hint: 'Send it again to the others alone.',
      });
    }
    case 'deferred':
      return deferred(said, 'Nothing keeps it here: send it again in a while, or from a job, whose mails wait in the outbox.');
    default:
      return failureOf(delivered);
  }
}

/** Says in the run's notes what a reader should know although the step goes on. */
export function noteDelivery({ outputs, refusals }: Delivered, context: StepContext): void {
  if (outputs.outcome === 'indeterminate') context.note('warning', UNKNOWN);
  for (const refusal of refusals) context.note('warning', `not delivered to ${refusal}`);
}

const UNKNOWN =
  'the outcome is indeterminate: the connection broke after the whole mail was sent and before the server answered, so it may or may not have the mail; it is not sent again';

async function deliverHeld(mail: Mail, context: StepContext, connect: Connect, outbox: StepOutbox): Promise<Delivered> {
  const { letters } = outbox;
  const key = { job: context.job.name, run: mail.run, report: ownStepId(context, mail.uses) };
  const head = { ...key, file: context.job.file, connection: mail.connection, from: mail.from, to: mail.to };
  const { messageId, subject, smtpUtf8 } = mail;
  const line = new Line(mail.connection, context, connect);
  const known = await letters.find(key);
  try {
    const { id } = known ?? (await freeze({ ...head, messageId, subject, smtpUtf8 }, mail, letters, line));
    const letter = await letters.claim(id, outbox.sender(), outbox.isAlive);
    if (letter === undefined) throw busy(id);
    try {
      if (waitingOf(letter).length === 0) return alreadyHandled(letter, context);
      return await deliverClaimed(letter, line, { letters, clock: context.clock, random: context.random });
    } finally {
      await letters.release(id).catch(() => undefined);
    }
  } finally {
    line.close();
  }
}

/** A mail of this size is not written down before its server was asked whether it takes so much. */
const ASKED_FIRST_BYTES = 1024 * 1024;

async function freeze(head: LetterHead, mail: Mail, letters: Outbox, line: Line): Promise<Letter> {
  const { context } = line;
  const message = await mail.compose();
  try {
    // A server that cannot be reached now is asked when it can.
    if (message.size >= ASKED_FIRST_BYTES) (await line.open().catch(() => undefined))?.checkSize(message.size);
    // A connection that cannot be had now is what the outbox is for; the mail then goes without a signature.
    const endpoint = await context.connection(mail.connection).catch(() => undefined);
    const content = await signed(message, endpoint?.dkim);
    return await letters.add(head, content instanceof Uint8Array ? [content] : content);
  } finally {
    await message.close();
  }
}

async function deliverClaimed(letter: Letter, line: Line, office: PostOffice): Promise<Delivered> {
  const { context } = line;
  const { envelope, message, info } = mailOf(letter, office, bytes => progress(bytes, letter.size, context));
  let results: readonly RecipientResult[];
  try {
    results = (await line.send(client => client.send(envelope, message, info))).recipients;
  } catch (error) {
    line.close();
    const after = await putOff(letter, error as Error, office);
    throw context.signal.aborted || waitingOf(after).length === 0 ? error : waiting(error);
  }
  // What the server decided stands, even when it cannot be written down here.
  const after = await record(letter, results, office).catch((error: Error) => {
    context.note('warning', `the mail’s outcome could not be recorded: ${error.message}`);
    return undefined;
  });
  await line.leave();
  const delivered = deliveredOf(letter.messageId, after === undefined ? results : resultsOf(after));
  return unlessCancelled(delivered, context, context.signal);
}

/** The mail could not be sent, and waits in the outbox. */
export class WaitingError extends AppError {}

/** The same failure, which also says that nothing is lost. */
function waiting(error: unknown): unknown {
  if (!(error instanceof AppError)) return error;
  const { code, message, retry, hint } = error;
  const waits = 'The mail waits in the outbox: the scheduler sends it later, or `postrider outbox flush` now.';
  return new WaitingError(code, message, { retry, hint: hint === undefined ? waits : `${hint} ${waits}`, cause: error });
}

/** Without an outbox: a one-off command. */
async function deliverNow(mail: Mail, context: StepContext, connect: Connect): Promise<Delivered> {
  const message = await mail.compose();
  const line = new Line(mail.connection, context, connect);
  try {
    const content = await signed(message, (await context.connection(mail.connection)).dkim);
    const client = await line.open();
    const { recipients } = await client.send(mail, content, {
      bytes: content instanceof Uint8Array ? content.length : message.size,
      eightBit: mail.smtpUtf8,
      smtpUtf8: mail.smtpUtf8,
      repeatable: true,
      onProgress: bytes => progress(bytes, message.size, context),
    });
    await client.quit();
    return unlessCancelled(deliveredOf(mail.messageId, recipients), context, context.signal);
  } finally {
    line.close();
    await message.close();
  }
}

/** As it is when no key is there to sign it. */
async function signed({ chunks }: StreamedMail, dkim: DkimKey | undefined): Promise<AsyncIterable<Buffer> | Buffer> {
  if (dkim === undefined) return repeated(chunks);
  const { signMail } = await import('../mail/dkim.ts');
  const { domain, selector, key } = dkim;
  return signMail(chunks(), { domain, selector, privateKey: key.reveal() });
}

function repeated(chunks: () => AsyncIterator<Buffer>): AsyncIterable<Buffer> {
  return { [Symbol.asyncIterator]: chunks };
}

/** The way to a mail's server, opened when it is needed first. */
class Line {
  readonly #connection: string;
  readonly context: StepContext;
  readonly #connect: Connect;
  #client: SmtpClient | undefined;
  /** Opened by an earlier step of the run, or an earlier try of this one. */
  #wasIdle = false;
  /** Stops listening to this step's signal, which ends the session only while this step has it. */
  #release: (() => void) | undefined;

  constructor(connection: string, context: StepContext, connect: Connect) {
    this.#connection = connection;
    this.context = context;
    this.#connect = connect;
  }

  async open(): Promise<SmtpClient> {
    if (this.#client?.usable === true) return this.#client;
    const { dial, clock, signal, outbox } = this.context;
    signal.throwIfAborted();
    this.#release?.();
    const kept = this.context.mailSessions?.take(this.#connection);
    this.#wasIdle = kept !== undefined;
    if (kept !== undefined) {
      this.#obey(() => kept.close(cancelled(signal)));
      this.#client = kept;
      return kept;
    }
    const own = new AbortController();
    this.#obey(() => own.abort(cancelled(signal)));
    const endpoint = await this.context.connection(this.#connection);
    this.#client = await this.#connect(endpoint, { dial, clock, signal: own.signal, ...memoryOf(outbox, endpoint) });
    return this.#client;
  }

  /** A session that died while nobody used it has taken nothing: another one has the mail then. */
  async send<T>(work: (client: SmtpClient) => Promise<T>): Promise<T> {
    const client = await this.open();
    try {
      return await work(client);
    } catch (error) {
      const idle = this.#wasIdle && error instanceof BrokenSessionError;
      if (!idle || this.context.signal.aborted) throw error;
      this.close();
      return work(await this.open());
    }
  }

  /** The mail is settled: another step of the run may go on with the session. */
  async leave(): Promise<void> {
    const client = this.#client;
    const { mailSessions } = this.context;
    this.#release?.();
    this.#release = undefined;
    this.#client = undefined;
    if (mailSessions !== undefined && client?.usable === true) mailSessions.keep(this.#connection, client);
    else await client?.quit();
  }

  close(): void {
    this.#release?.();
    this.#release = undefined;
    this.#client?.close();
  }

  #obey(end: () => void): void {
    const { signal } = this.context;
    signal.addEventListener('abort', end, { once: true });
    this.#release = () => signal.removeEventListener('abort', end);
  }
}

function memoryOf(outbox: StepOutbox | undefined, endpoint: Endpoint) {
  return outbox === undefined ? {} : { memory: outbox.servers(addressOf(endpoint)) };
}

function unlessCancelled(delivered: Delivered, context: StepContext, signal: AbortSignal): Delivered {
  if (delivered.outputs.outcome !== 'indeterminate' || !signal.aborted) return delivered;
  noteDelivery(delivered, context);
  throw cancelled(signal);
}

function alreadyHandled(letter: Letter, context: StepContext): Delivered {
  const delivered = deliveredOf(letter.messageId, resultsOf(letter));
  if (delivered.outputs.accepted > 0) context.note('info', 'this run has sent the mail before; it is not sent again');
  return delivered;
}

function resultsOf({ deliveries }: Letter): readonly RecipientResult[] {
  return deliveries.map(({ recipient, status, reply }) => ({
    address: recipient,
    status: status === 'queued' ? 'not-sent' : status === 'data-sent' ? 'indeterminate' : status,
    ...(reply === undefined ? {} : { reply }),
  }));
}

function deliveredOf(messageId: string, recipients: readonly RecipientResult[]): Delivered {
  const refused = recipients.filter(({ status }) => status !== 'accepted' && status !== 'indeterminate');
  const rejected = refused.filter(({ status }) => status === 'rejected').length;
  return {
    outputs: {
      'message-id': messageId,
      outcome: outcomeOf(recipients),
      accepted: recipients.filter(({ status }) => status === 'accepted').length,
      rejected,
      deferred: refused.length - rejected,
    },
    refusals: refused.map(({ address, status, reply }) => `${address}: ${reply ?? status}`),
  };
}

function progress(bytes: number, size: number, context: StepContext): void {
  context.progress({ done: bytes, total: size, unit: 'bytes', bytes, totalBytes: size });
}

function busy(id: string): AppError {
  return new AppError('letter-busy', `another postrider process is sending the letter ${id} of this run just now`, {
    retry: 'later',
    hint: 'Try again when it is done.',
  });
}

function hintFor(refusals: readonly string[]): string {
  if (refusals.some(refusal => /: 530\b.*\bSTARTTLS\b/i.test(refusal)))
    return 'The server takes mail under TLS only: leave `tls: none` out (in a URL ?tls=none).';
  return refusals.some(refusal => /: 530\b/.test(refusal))
    ? 'The server wants a sign-in: give the connection `user` and `password`.'
    : 'Check the addresses, and that this server sends mail for you.';
}
