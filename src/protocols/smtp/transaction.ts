// Mails one after the other over one session (RFC 5321 section 3.3): the end of one message leaves together with the envelope of the next.
//
//   round trip 1    MAIL RCPT DATA ►            ◄ 250 250 354
//   round trip 2    message . MAIL RCPT DATA ►  ◄ 250 (of the message) 250 250 354
//   round trip 3    message . …                   one round trip a mail; body bytes only ever follow a 354
import { BrokenSessionError } from '../../core/errors.ts';
import { DotStuffer } from '../wire/dots.ts';
import { type Bag, type Message, type Parcel, Upcoming } from './bag.ts';
import { encode, type SmtpCommand } from './command.ts';
import type { Conversation } from './conversation.ts';
import { type Offered, offer, type Sender, statusFrom } from './envelope-group.ts';
import { outcomeOf, type RecipientResult, type SendResult } from './outcome.ts';
import type { SmtpEvent } from './session.ts';
import { replyText } from './status.ts';
import type { Technique } from './technique.ts';

/** Waiting long here is what keeps mail from being doubled (RFC 5321 section 4.5.3.2.6, RFC 1047). */
export const VERDICT_MS_MIN = 600_000;

/** The message goes out in pieces of at most this. */
const PIECE_BYTES_MAX = 256 * 1024;

/** A message that has left but for `rest` and its end. */
interface Held {
  readonly parcel: Parcel;
  readonly recipients: readonly RecipientResult[];
  /** Who gets it if the server takes it. */
  readonly open: readonly string[];
  readonly rest: Buffer;
  /** Octets of the message on the wire, `rest` included. */
  readonly wireBytes: number;
}

/** Resolves when the bag is empty or the session is over; never rejects. */
export async function deliverAll(talk: Conversation, bag: Bag, technique: Technique): Promise<void> {
  const upcoming = new Upcoming(bag);
  let held: Held | undefined;
  for (;;) {
    if (held !== undefined && (technique !== 'overlap' || talk.over || !(await upcoming.atHand()))) {
      held = await finish(talk, held, bag);
    }
    if (talk.over) return upcoming.giveBack(talk.ending());
    const parcel = await upcoming.take();
    if (parcel === undefined && held === undefined) return;
    // What becomes of the last mail may put another into the bag.
    if (parcel === undefined) held = await finish(talk, held as Held, bag);
    else held = await start(talk, parcel, held, { bag, technique, upcoming });
  }
}

/** One mail alone. */
export async function deliverOne(talk: Conversation, parcel: Parcel, bag: Bag): Promise<void> {
  const held = await start(talk, parcel, undefined, { bag, technique: 'group' });
  if (held !== undefined) await finish(talk, held, bag);
}

interface Way {
  readonly bag: Bag;
  readonly technique: Technique;
  readonly upcoming?: Upcoming;
}

/** A message made fit for the wire while the server still thinks about its envelope. */
interface Stuffed {
  readonly bytes: Buffer;
  readonly stuffer: DotStuffer;
}

/** Offers the envelope, ending the message before on the way, and sends the message but for its end; undefined when it is settled. */
async function start(talk: Conversation, parcel: Parcel, before: Held | undefined, way: Way): Promise<Held | undefined> {
  let lead = before;
  let stuffed: Stuffed | undefined;
  const post = async (group: readonly SmtpCommand[], end: readonly Buffer[]) => {
    await talk.send(group, end);
    // The server has something to do, and so do we until it answers.
    if (way.technique === 'overlap') {
      way.upcoming?.ask();
      talk.stayAwake();
    }
    stuffed ??= stuffAhead(parcel.message);
  };
  const send: Sender = async (_, group) => {
    const ending = lead;
    lead = undefined;
    if (ending === undefined) return post(group, []);
    if (isTorn(ending.wireBytes, group)) {
      await finish(talk, ending, way.bag);
      if (talk.over) throw talk.ending();
      return post(group, []);
    }
    await conclude(talk, ending, way.bag, end => post(group, end));
    if (talk.over) throw talk.ending();
  };
  try {
    const offered = await offer(talk, parcel.plan, way.technique !== 'lock-step', send);
    return await fill(talk, parcel, offered, { bag: way.bag, stuffed });
  } catch (error) {
    way.bag.done(parcel, error as Error);
    return undefined;
  }
}

function stuffAhead({ chunks }: Message): Stuffed | undefined {
  if (!(chunks instanceof Uint8Array) || chunks.length > PIECE_BYTES_MAX) return undefined;
  const stuffer = new DotStuffer();
  return { bytes: stuffer.push(chunks), stuffer };
}

/** Sends the message if it is wanted; rejects when it certainly did not get through. */
async function fill(
  talk: Conversation,
  parcel: Parcel,
  { recipients, data }: Offered,
  { bag, stuffed }: { readonly bag: Bag; readonly stuffed: Stuffed | undefined },
): Promise<Held | undefined> {
  const open = recipients.filter(({ status }) => status === 'accepted').map(({ address }) => address);
  if (talk.session.state !== 'content') {
    bag.done(parcel, settle(recipients, open.length > 0 ? data : undefined));
    return undefined;
  }
  if (open.length === 0) {
    await sendNothing(talk);
    bag.done(parcel, settle(recipients, undefined));
    return undefined;
  }
  const { message } = parcel;
  const content = stuffed === undefined ? await sendContent(talk, message) : takeAhead(talk, message, stuffed);
  const early = 'early' in content ? content.early : earlyVerdict(talk);
  if (early !== undefined || !('rest' in content)) {
    bag.done(parcel, settle(recipients, early));
    return undefined;
  }
  return { parcel, recipients, open, ...content };
}

/**
 * Postfix reads 4,096 octets at a time, beginning with the message, and answers what it has before it reads on. Where a read ends inside
 * the envelope, its second answer is held up by Nagle's algorithm until our kernel's delayed acknowledgement, 40 ms later: longer than
 * waiting for the first answer on any but a slow link.
 */
function isTorn(wireBytes: number, group: readonly SmtpCommand[]): boolean {
  const end = wireBytes + END_BYTES;
  const envelope = group.reduce((sum, command) => sum + encode(command).bytes.length, 0);
  return Math.ceil(end / READ_BYTES) * READ_BYTES < end + envelope;
}

const READ_BYTES = 4_096;
const END_BYTES = '.\r\n'.length;

/** The end of a message alone, where no envelope follows. */
async function finish(talk: Conversation, held: Held, bag: Bag): Promise<undefined> {
  await conclude(talk, held, bag, end => talk.write(Buffer.concat(end), 'the end of the message'));
}

/** Lets the rest of a message and its end leave, and tells what the server makes of it; never rejects. */
async function conclude(
  talk: Conversation,
  held: Held,
  bag: Bag,
  write: (end: readonly Buffer[]) => Promise<void>,
): Promise<void> {
  const { parcel, recipients, open, rest } = held;
  if (talk.over) return bag.done(parcel, talk.ending());
  try {
    if (parcel.message.onDataSent !== undefined) await announce(talk, parcel.message.onDataSent, open);
  } catch (error) {
    return bag.done(parcel, error as Error);
  }
  await write([rest, talk.session.endOfData(open.length)]).catch((error: Error) => void talk.fail(error));
  bag.done(parcel, talk.session.lmtp ? await verdictOfEach(talk, recipients) : settle(recipients, await verdict(talk)));
}

/** Each recipient that was accepted has a reply of its own, in order (RFC 2033 section 4.2). */
async function verdictOfEach(talk: Conversation, recipients: readonly RecipientResult[]): Promise<SendResult> {
  const settled: RecipientResult[] = [];
  for (const recipient of recipients) {
    if (recipient.status === 'accepted') settled.push(...settle([recipient], await verdict(talk)).recipients);
    else settled.push(recipient);
  }
  return { outcome: outcomeOf(settled), recipients: settled };
}

async function verdict(talk: Conversation): Promise<SmtpEvent | 'unknown'> {
  try {
    return await talk.reply(Math.max(talk.timeoutMs, VERDICT_MS_MIN));
  } catch {
    return 'unknown';
  }
}

/** The server asks for a message that nobody is to get: an empty one ends the transaction, whatever it says. */
async function sendNothing(talk: Conversation): Promise<void> {
  try {
    await talk.write(talk.session.endOfData(), 'the end of the message');
    await talk.reply();
  } catch {
    // Every recipient was refused before; a session that breaks now changes nothing for them.
  }
}

/** The whole message leaves together with its end. */
function takeAhead(
  talk: Conversation,
  { chunks, onProgress }: Message,
  { bytes, stuffer }: Stuffed,
): Pick<Held, 'rest' | 'wireBytes'> {
  talk.session.stuffedBy(stuffer);
  onProgress?.((chunks as Uint8Array).length);
  return { rest: bytes, wireBytes: bytes.length };
}

/** Gives back what is still to be written; or the server's verdict when that comes before the message is complete. */
async function sendContent(
  talk: Conversation,
  message: Message,
): Promise<Pick<Held, 'rest' | 'wireBytes'> | { readonly early: SmtpEvent }> {
  let [sent, wireBytes] = [0, 0];
  // While one piece leaves, the next is made.
  let leaving: Promise<void> = Promise.resolve();
  const write = async (chunk: Uint8Array) => {
    for (let from = 0; from < chunk.length; from += PIECE_BYTES_MAX) {
      const piece = chunk.subarray(from, from + PIECE_BYTES_MAX);
      const bytes = talk.session.content(piece);
      wireBytes += bytes.length;
      await leaving;
      leaving = talk.write(bytes, 'sending the message');
      leaving.catch(() => undefined);
      sent += piece.length;
      message.onProgress?.(sent);
    }
  };
  try {
    if (!(message.chunks instanceof Uint8Array)) {
      for await (const chunk of message.chunks) await write(chunk);
      await leaving;
      return { rest: NOTHING, wireBytes };
    }
    // The last piece of a message in memory leaves together with its end.
    const last = Math.max(0, message.chunks.length - PIECE_BYTES_MAX);
    await write(message.chunks.subarray(0, last));
    await leaving;
    const rest = talk.session.content(message.chunks.subarray(last));
    message.onProgress?.(message.chunks.length);
    return { rest, wireBytes: wireBytes + rest.length };
  } catch (error) {
    const early = talk.broken ? await lastWords(talk) : undefined;
    if (early !== undefined) return { early };
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

/** Writing nothing fails where the connection is known to be dead: that is certain only before anybody is told otherwise. */
async function announce(talk: Conversation, onDataSent: NonNullable<Message['onDataSent']>, recipients: readonly string[]) {
  try {
    await talk.write(NOTHING, 'sending the message');
    await onDataSent(recipients);
    await talk.write(NOTHING, 'sending the message');
  } catch (error) {
    throw talk.fail(error as Error);
  }
}

const NOTHING = Buffer.alloc(0);

/** Joins what RCPT said with the reply that decided about the accepted ones. */
export function settle(recipients: readonly RecipientResult[], deciding: SmtpEvent | undefined | 'unknown'): SendResult {
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
