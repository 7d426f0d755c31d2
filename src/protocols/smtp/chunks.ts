// Whole mails in a window (RFC 3030 section 4.2, RFC 2920): envelope and message leave together, many mails before the first reply.
//
//   MAIL RCPT BDAT message · MAIL RCPT BDAT message · …  ►      ◄ 250 250 250 · 250 550 554 · …
//
// Only for servers that were seen to throw away the chunk of a refused mail: any other would read the message as commands.
import { type Bag, Desk, type Parcel } from './bag.ts';
import type { Conversation } from './conversation.ts';
import { measure } from './measure.ts';
import { type RecipientResult, recipientResult, settle } from './outcome.ts';
import type { SmtpEvent } from './session.ts';
import { deliverOne, VERDICT_MS_MIN } from './transaction.ts';

/** Bytes without a verdict at most: replies to them fit into what a transport buffers, so that nobody waits for each other. */
const WINDOW_BYTES = 1024 * 1024;
/** A window this full has its oldest mails settled before more are sent. */
const WINDOW_FULL = 0.75;
/** What is written at once. */
const BATCH_BYTES = 256 * 1024;
/** Some servers stall on big chunks; a big mail gains nothing by them. */
const CHUNK_BYTES_MAX = 256 * 1024;
/** Servers lose count in long groups (RFC 2920 section 3.1). */
const CHUNK_RECIPIENTS_MAX = 50;

interface Flying {
  readonly parcel: Parcel;
  readonly bytes: number;
  mail: SmtpEvent | undefined;
  readonly rcpt: SmtpEvent[];
}

/** Resolves when the bag is empty or the session is over; never rejects. At most `windowMails` have no verdict at any time. */
export async function deliverInChunks(talk: Conversation, bag: Bag, windowMails: number): Promise<void> {
  const flight: Flying[] = [];
  const desk = new Desk(bag);
  while (!talk.over) {
    const { batch, other } = await load(talk, { desk, flight, windowMails });
    if (batch.length > 0)
      await talk.write(Buffer.concat(batch), 'mails in chunks').catch((error: Error) => void talk.fail(error));
    if (other === undefined && flight.length === 0) return;
    if (batch.length === 0 || other !== undefined) await land(talk, desk, flight, 0);
    else if (isFull(flight, windowMails)) await land(talk, desk, flight, Math.floor(flight.length * WINDOW_FULL));
    if (other !== undefined) {
      if (talk.over) desk.done(other, talk.ending());
      else await deliverOne(talk, other, desk);
    }
  }
  await desk.giveBack(talk.ending());
}

function isFull(flight: readonly Flying[], windowMails: number): boolean {
  return flight.length >= windowMails * WINDOW_FULL || bytesOf(flight) >= WINDOW_BYTES * WINDOW_FULL;
}

function bytesOf(flight: readonly Flying[]): number {
  return flight.reduce((sum, { bytes }) => sum + bytes, 0);
}

interface Window {
  readonly desk: Desk;
  readonly flight: Flying[];
  readonly windowMails: number;
}

/** Fills the window; `other` is a mail that does not go in one chunk, and waits for the window to be empty. */
async function load(
  talk: Conversation,
  { desk, flight, windowMails }: Window,
): Promise<{ readonly batch: readonly Buffer[]; readonly other: Parcel | undefined }> {
  const batch: Buffer[] = [];
  let inFlight = bytesOf(flight);
  let loaded = 0;
  while (flight.length < windowMails && inFlight < WINDOW_BYTES && loaded < BATCH_BYTES) {
    if (flight.length > 0 && !(await desk.atHand())) break;
    const parcel = await desk.take();
    if (parcel === undefined || !fitsChunk(parcel)) return { batch, other: parcel };
    const { message, recipients, envelope } = parcel;
    const content = canonical(message.chunks as Uint8Array);
    try {
      await message.onDataSent?.(recipients);
    } catch (error) {
      desk.done(parcel, error as Error);
      continue;
    }
    // A refused chunk leaves its mail open on some servers (RFC 3030 section 2): each one begins anew.
    batch.push(...talk.encode([{ verb: 'RSET' }, ...envelope, { verb: 'BDAT', bytes: content.length }]), content);
    flight.push({ parcel, bytes: content.length, mail: undefined, rcpt: [] });
    message.onProgress?.(content.length);
    inFlight += content.length;
    loaded += content.length;
  }
  return { batch, other: undefined };
}

/** Reads until only so many are left in flight; when the session breaks, nobody knows about the rest. */
async function land(talk: Conversation, desk: Desk, flight: Flying[], left: number): Promise<void> {
  try {
    while (flight.length > left) {
      const event = await talk.reply(Math.max(talk.timeoutMs, VERDICT_MS_MIN));
      const oldest = flight[0] as Flying;
      if (event.to === 'MAIL') oldest.mail = event;
      else if (event.to === 'RCPT') oldest.rcpt.push(event);
      else if (event.to === 'message') settleOldest(desk, flight, event);
      if (event.closing) break;
    }
    if (talk.over) throw talk.ending();
  } catch {
    while (flight.length > 0) settleOldest(desk, flight, 'unknown');
  }
}

function settleOldest(desk: Desk, flight: Flying[], deciding: SmtpEvent | 'unknown'): void {
  const oldest = flight.shift() as Flying;
  const { parcel, mail, rcpt } = oldest;
  const recipients = parcel.recipients.map((address, index): RecipientResult => {
    const result = recipientResult(address, mail, rcpt[index]);
    // Not answered yet, and maybe taken all the same.
    return deciding === 'unknown' && result.status === 'not-sent' ? { ...result, status: 'indeterminate' } : result;
  });
  desk.done(parcel, settle(recipients, recipients.some(({ status }) => status === 'accepted') ? deciding : undefined));
}

function fitsChunk({ plan, message }: Parcel): boolean {
  return (
    message.chunks instanceof Uint8Array && message.chunks.length <= CHUNK_BYTES_MAX && plan.to.length <= CHUNK_RECIPIENTS_MAX
  );
}

/** Line ends as CRLF, the last line ended: what DATA would have made of it. */
function canonical(message: Uint8Array): Buffer {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const ended = message.length === 0 || (message.at(-1) === LF && message.at(-2) === CR);
  if (ended && measure(message).bytes === message.length) return bytes;
  const text = bytes.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n');
  return Buffer.from(text.endsWith('\r\n') ? text : `${text}\r\n`, 'latin1');
}

const CR = 0x0d;
const LF = 0x0a;
