// One mail transaction (RFC 5321 section 3.3): MAIL, RCPT for each, DATA, the message, and what the server made of it.
import { BrokenSessionError } from '../../core/errors.ts';
import { formatAddress } from './address.ts';
import type { SmtpCommand } from './command.ts';
import type { Conversation } from './conversation.ts';
import type { EnvelopePlan } from './envelope.ts';
import { outcomeOf, type RecipientResult, type SendResult } from './outcome.ts';
import type { SmtpEvent } from './session.ts';
import { replyText, verdictOf } from './status.ts';

export interface Message {
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /** Awaited before the end of the message leaves: from then on the server may have it for these. Rejecting keeps it from leaving. */
  readonly onDataSent?: (recipients: readonly string[]) => Promise<void>;
  /** Bytes of the message handed to the network so far. */
  readonly onProgress?: (bytes: number) => void;
}

/** Recipients sent before their replies are read: a longer group could fill both directions and lock (RFC 2920 section 3.1). */
const GROUP_RECIPIENTS_MAX = 100;

/** Waiting long here is what keeps mail from being doubled (RFC 5321 section 4.5.3.2.6, RFC 1047). */
const VERDICT_MS_MIN = 600_000;

/** The message goes out in pieces of at most this. */
const PIECE_BYTES_MAX = 64 * 1024;

/**
 * Rejects when the message certainly did not get through whole: the session broke, or `chunks` did. Resolves with the server's
 * verdict otherwise, or with `indeterminate` when the end of the message left and no verdict came.
 */
export async function transact(talk: Conversation, plan: EnvelopePlan, message: Message): Promise<SendResult> {
  const replies = await offer(talk, plan);
  const recipients = plan.to.map((to, index) => recipientResult(formatAddress(to), replies.mail, replies.rcpt[index]));
  const accepted = recipients.some(recipient => recipient.status === 'accepted');
  if (talk.session.state !== 'content') return settle(recipients, accepted ? replies.data : undefined);
  if (!accepted) {
    await sendNothing(talk);
    return settle(recipients, undefined);
  }
  const early = (await sendContent(talk, message)) ?? earlyVerdict(talk);
  if (early !== undefined) return settle(recipients, early);
  const open = recipients.filter(({ status }) => status === 'accepted').map(({ address }) => address);
  return settle(recipients, await verdict(talk, message, open));
}

interface Replies {
  readonly mail: SmtpEvent | undefined;
  readonly rcpt: readonly SmtpEvent[];
  readonly data: SmtpEvent | undefined;
}

/** Sends the envelope and DATA, in groups where the server takes them; every reply is read and matched. */
async function offer(talk: Conversation, plan: EnvelopePlan): Promise<Replies> {
  const [rcpt, events]: [SmtpEvent[], Partial<Record<string, SmtpEvent>>] = [[], {}];
  for (const group of groups(talk, plan)) {
    const hopeless = !rcpt.some(event => event.reply.code < 300);
    if (hopeless && group.length === 1 && group[0]?.verb === 'DATA') break;
    await talk.send(group);
    while (talk.session.awaiting > 0) {
      const event = await talk.reply();
      if (event.to === 'RCPT') rcpt.push(event);
      else events[event.to] = event;
    }
    if (events['MAIL'] !== undefined && verdictOf(events['MAIL'].reply) !== 'accepted') break;
  }
  return { mail: events['MAIL'], rcpt, data: events['DATA'] };
}

function groups(talk: Conversation, plan: EnvelopePlan): readonly (readonly SmtpCommand[])[] {
  const { state, extensions } = talk.session;
  const reset: readonly SmtpCommand[] = state === 'ready' ? [] : [{ verb: 'RSET' }];
  const mail: SmtpCommand = { verb: 'MAIL', from: plan.from, parameters: plan.parameters };
  const rcpt: readonly SmtpCommand[] = plan.to.map(to => ({ verb: 'RCPT', to }));
  const all = [...reset, mail, ...rcpt];
  const data: SmtpCommand = { verb: 'DATA' };
  if (!extensions.pipelining) return [...all, data].map(command => [command]);
  const cut = Array.from({ length: Math.ceil(all.length / GROUP_RECIPIENTS_MAX) }, (_, index) =>
    all.slice(index * GROUP_RECIPIENTS_MAX, (index + 1) * GROUP_RECIPIENTS_MAX),
  );
  return cut.map((group, index) => (index === cut.length - 1 ? [...group, data] : group));
}

function recipientResult(address: string, mail: SmtpEvent | undefined, rcpt: SmtpEvent | undefined): RecipientResult {
  const deciding = mail !== undefined && verdictOf(mail.reply) !== 'accepted' ? mail : rcpt;
  return deciding === undefined ? { address, status: 'not-sent' } : { address, ...statusFrom(deciding) };
}

function statusFrom({ reply }: SmtpEvent): Omit<RecipientResult, 'address'> {
  return { status: verdictOf(reply), reply: replyText(reply), code: reply.code };
}

/** The server asks for a message that nobody is to get: an empty one ends the transaction, whatever it says. */
async function sendNothing(talk: Conversation): Promise<void> {
  try {
    await sendEnd(talk);
    await talk.reply();
  } catch {
    // Every recipient was refused before; a session that breaks now changes nothing for them.
  }
}

/** Returns the server's verdict when it comes before the message is complete. */
async function sendContent(talk: Conversation, message: Message): Promise<SmtpEvent | undefined> {
  let sent = 0;
  try {
    for await (const chunk of message.chunks) {
      for (let from = 0; from < chunk.length; from += PIECE_BYTES_MAX) {
        const piece = chunk.subarray(from, from + PIECE_BYTES_MAX);
        await talk.write(talk.session.content(piece), 'sending the message');
        sent += piece.length;
        message.onProgress?.(sent);
      }
    }
    return undefined;
  } catch (error) {
    const early = talk.broken ? await lastWords(talk) : undefined;
    if (early !== undefined) return early;
    throw talk.fail(error as Error);
  }
}

/** What was said before the end of the message cannot be the verdict on it: a refusal ends the session, anything else breaks it. */
function earlyVerdict(talk: Conversation): SmtpEvent | undefined {
  try {
    const event = talk.early();
    if (event !== undefined)
      talk.fail(new BrokenSessionError('message-refused-early', `${talk.where} refused the message midway`));
    return event;
  } catch (error) {
    throw talk.fail(error as Error);
  }
}

/** A server that cuts the connection in mid-message may have said why. */
async function lastWords(talk: Conversation): Promise<SmtpEvent | undefined> {
  try {
    const event = await talk.reply();
    return event.to === 'message' ? event : undefined;
  } catch {
    return undefined;
  }
}

async function verdict(talk: Conversation, message: Message, recipients: readonly string[]): Promise<SmtpEvent | 'unknown'> {
  try {
    await talk.write(NOTHING, 'sending the message');
    await message.onDataSent?.(recipients);
    await talk.write(NOTHING, 'sending the message');
  } catch (error) {
    throw talk.fail(error as Error);
  }
  const end = talk.session.endOfData();
  try {
    await talk.write(end, 'the end of the message');
    return await talk.reply(Math.max(talk.timeoutMs, VERDICT_MS_MIN));
  } catch {
    return 'unknown';
  }
}

/** Writing nothing fails where the connection is known to be dead. */
const NOTHING = new Uint8Array(0);

async function sendEnd(talk: Conversation): Promise<void> {
  await talk.write(talk.session.endOfData(), 'the end of the message');
}

/** Joins what RCPT said with the reply that decided about the accepted ones. */
function settle(recipients: readonly RecipientResult[], deciding: SmtpEvent | undefined | 'unknown'): SendResult {
  const settled = recipients.map(recipient => {
    if (recipient.status !== 'accepted' || deciding === undefined) return recipient;
    if (deciding === 'unknown') return { address: recipient.address, status: 'indeterminate' as const };
    return { address: recipient.address, ...statusFrom(deciding) };
  });
  const outcome = outcomeOf(settled);
  return deciding === undefined || deciding === 'unknown'
    ? { outcome, recipients: settled }
    : { outcome, recipients: settled, reply: replyText(deciding.reply) };
}
