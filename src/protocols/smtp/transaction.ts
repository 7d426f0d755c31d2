// Mails one after the other over one session (RFC 5321 section 3.3): the end of one message leaves together with the envelope of the next.
//
//   round trip 1    MAIL RCPT DATA ►            ◄ 250 250 354
//   round trip 2    message . MAIL RCPT DATA ►  ◄ 250 (of the message) 250 250 354
//   round trip 3    message . …                   one round trip a mail; body bytes only ever follow a 354
import { BrokenSessionError } from '../../core/errors.ts';
import { type Bag, Desk, type Message, type Parcel } from './bag.ts';
import { DATA, encode, type SmtpCommand } from './command.ts';
import type { Conversation } from './conversation.ts';
import { type Offered, offer, type Sender } from './envelope-group.ts';
import { PIECE_BYTES_MAX } from './measure.ts';
import { outcomeOf, type RecipientResult, type SendResult, settle } from './outcome.ts';
import type { SmtpEvent } from './session.ts';
import type { Technique } from './technique.ts';

/** Waiting long here is what keeps mail from being doubled (RFC 5321 section 4.5.3.2.6, RFC 1047). */
export const VERDICT_MS_MIN = 600_000;

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

/** One session and the mails that go over it. */
interface Lane {
  readonly talk: Conversation;
  readonly desk: Desk;
  readonly technique: Technique;
}

/** Resolves when the bag is empty or the session is over; never rejects. */
export async function deliverAll(talk: Conversation, bag: Bag, technique: Technique): Promise<void> {
  const desk = new Desk(bag);
  const lane = { talk, desk, technique };
  let held: Held | undefined;
  for (;;) {
    if (held !== undefined && (technique !== 'overlap' || talk.over || !(desk.answered || (await desk.atHand())))) {
      held = await finish(lane, held);
    }
    if (talk.over) return desk.giveBack(talk.ending());
    const parcel = desk.taken() ?? (await desk.take());
    if (parcel === undefined && held === undefined) return;
    // What becomes of the last mail may put another into the bag.
    if (parcel === undefined) held = await finish(lane, held as Held);
    else held = await start(lane, parcel, held);
  }
}

/** One mail alone. */
export async function deliverOne(talk: Conversation, parcel: Parcel, desk: Desk): Promise<void> {
  const lane: Lane = { talk, desk, technique: 'group' };
  const held = await start(lane, parcel, undefined);
  if (held !== undefined) await finish(lane, held);
}

/** Offers the envelope, ending the message before on the way, and sends the message but for its end; undefined when it is settled. */
async function start(lane: Lane, parcel: Parcel, before: Held | undefined): Promise<Held | undefined> {
  const { talk, desk, technique } = lane;
  let lead = before;
  const send: Sender = async group => {
    const ending = lead;
    lead = undefined;
    if (ending === undefined) return post(lane, group, []);
    const torn = isTorn(ending.wireBytes, parcel);
    await conclude(lane, ending, torn ? [] : group);
    if (talk.over) throw talk.ending();
    if (torn) await post(lane, group, []);
  };
  try {
    const offered = await offer(talk, parcel, technique !== 'lock-step', send);
    return takenAhead(talk, parcel, offered) ?? (await fill(lane, parcel, offered));
  } catch (error) {
    desk.done(parcel, error as Error);
    return undefined;
  }
}

/** The end of a message, if there is one, and a group of commands in one write. */
function post({ talk, desk, technique }: Lane, group: readonly SmtpCommand[], end: readonly Buffer[]): Promise<void> {
  const sent = talk.send(group, end);
  // The server has something to do, and so do we until it answers.
  desk.tell();
  if (technique === 'overlap' && group.length > 0) {
    desk.ask();
    talk.stayAwake();
  }
  return sent;
}

/** A message that is wanted and ready leaves whole, together with its end. */
function takenAhead(talk: Conversation, parcel: Parcel, { recipients }: Offered): Held | undefined {
  const { chunks, stuffed, onProgress } = parcel.message;
  if (stuffed === undefined || talk.session.state !== 'content' || talk.session.unread > 0) return undefined;
  const open = openOf(recipients);
  if (open.length === 0) return undefined;
  talk.session.stuffedBy(stuffed.stuffer);
  onProgress?.((chunks as Uint8Array).length);
  return { parcel, recipients, open, rest: stuffed.bytes, wireBytes: stuffed.bytes.length };
}

/** Sends the message if it is wanted; rejects when it certainly did not get through. */
async function fill({ talk, desk }: Lane, parcel: Parcel, { recipients, data }: Offered): Promise<Held | undefined> {
  const open = openOf(recipients);
  if (talk.session.state !== 'content') {
    desk.done(parcel, settle(recipients, open.length > 0 ? data : undefined));
    return undefined;
  }
  desk.tell();
  if (open.length === 0) {
    await sendNothing(talk);
    desk.done(parcel, settle(recipients, undefined));
    return undefined;
  }
  const content = await sendContent(talk, parcel.message);
  const early = 'early' in content ? content.early : earlyVerdict(talk);
  if (early !== undefined || !('rest' in content)) {
    desk.done(parcel, settle(recipients, early));
    return undefined;
  }
  return { parcel, recipients, open, ...content };
}

function openOf(recipients: readonly RecipientResult[]): readonly string[] {
  return recipients.filter(({ status }) => status === 'accepted').map(({ address }) => address);
}

/**
 * Postfix reads 4,096 octets at a time, beginning with the message, and answers what it has before it reads on. Where a read ends inside
 * the envelope, its second answer is held up by Nagle's algorithm until our kernel's delayed acknowledgement, 40 ms later: longer than
 * waiting for the first answer on any but a slow link.
 */
function isTorn(wireBytes: number, { envelopeBytes }: Parcel): boolean {
  const end = wireBytes + END_BYTES;
  return Math.ceil(end / READ_BYTES) * READ_BYTES < end + envelopeBytes + encode(DATA).octets.length;
}

const READ_BYTES = 4_096;
const END_BYTES = '.\r\n'.length;

/** The end of a message alone, where no envelope follows. */
async function finish(lane: Lane, held: Held): Promise<undefined> {
  await conclude(lane, held, []);
  lane.desk.tell();
}

/** Lets the rest of a message and its end leave, and `group` with them, and hears what the server makes of it; never rejects. */
async function conclude(lane: Lane, held: Held, group: readonly SmtpCommand[]): Promise<void> {
  const { talk, desk } = lane;
  const { parcel, recipients, open, rest } = held;
  if (talk.over) return desk.done(parcel, talk.ending());
  try {
    if (parcel.message.onDataSent !== undefined) {
      desk.tell();
      await announce(talk, parcel.message.onDataSent, open);
    }
  } catch (error) {
    return desk.done(parcel, error as Error);
  }
  try {
    await post(lane, group, [rest, talk.session.endOfData(open.length)]);
  } catch (error) {
    talk.fail(error as Error);
  }
  if (talk.session.lmtp) return desk.done(parcel, await verdictOfEach(talk, recipients));
  desk.doneSoon(parcel, recipients, await verdict(talk));
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
    return talk.heard() ?? (await talk.reply(Math.max(talk.timeoutMs, VERDICT_MS_MIN)));
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
