// One try of a letter of the outbox over an open session: every recipient's outcome is written down as the contract of mail/outbox.ts says.
import type { Clock } from '../core/clock.ts';
import { reportOf } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import { type DeliveryChange, isWaiting, type Letter, nextTry, type Outbox } from '../mail/outbox.ts';
import type { OutgoingMail, RecipientResult } from '../protocols/smtp/index.ts';

export interface PostOffice {
  readonly letters: Outbox;
  readonly clock: Clock;
  readonly random: Random;
}

/** Refusals of our own that no other try can change. */
const FINAL: ReadonlySet<string> = new Set(['message-too-big', 'smtputf8-missing', 'eight-bit-missing', 'address-invalid']);

/** The recipients that a try is for. */
export function waitingOf(letter: Letter): readonly string[] {
  return letter.held ? letter.deliveries.filter(isWaiting).map(({ recipient }) => recipient) : [];
}

/** A letter on its way. */
export interface LetterMail extends OutgoingMail {
  readonly letter: Letter;
}

/** A claimed letter as a mail to its waiting recipients. */
export function mailOf(
  letter: Letter,
  { letters }: PostOffice,
  onProgress: (bytes: number) => void = () => undefined,
): LetterMail {
  const { id, from, size, smtpUtf8 } = letter;
  const onDataSent = (recipients: readonly string[]) => letters.dataSent(id, recipients);
  return {
    letter,
    envelope: { from, to: waitingOf(letter) },
    message: letters.message(id),
    info: { bytes: size, eightBit: smtpUtf8, smtpUtf8, repeatable: true, onDataSent, onProgress },
  };
}

/** What is read into memory before it is sent: such mails can go together. */
const LOADED_BYTES_MAX = 256 * 1024;

/** The same, a small message in memory. Rejects with AppError `letter-damaged`. */
export async function loadedMailOf(letter: Letter, office: PostOffice): Promise<LetterMail> {
  const mail = mailOf(letter, office);
  if (letter.size > LOADED_BYTES_MAX) return mail;
  const pieces: Buffer[] = [];
  for await (const piece of office.letters.message(letter.id)) pieces.push(piece);
  return { ...mail, message: Buffer.concat(pieces) };
}

/** Writes down what a try came to. */
export function record(letter: Letter, results: readonly RecipientResult[], office: PostOffice): Promise<Letter> {
  const changes = results.map(({ address, status, reply }): DeliveryChange => {
    const nextAt = status === 'deferred' || status === 'not-sent' ? nextAtOf(letter, address, office) : undefined;
    return {
      recipient: address,
      status,
      ...(nextAt === undefined ? {} : { nextAt }),
      ...(reply === undefined ? {} : { reply }),
    };
  });
  return office.letters.settle(letter.id, changes);
}

/** Nothing was offered, for this reason: the letter waits, or is refused for good where no other try can help. */
export function putOff(letter: Letter, error: Error, office: PostOffice): Promise<Letter> {
  const { code, message } = reportOf(error);
  const status = FINAL.has(code) ? 'rejected' : 'not-sent';
  return record(
    letter,
    waitingOf(letter).map(address => ({ address, status, reply: message })),
    office,
  );
}

function nextAtOf({ createdAt, deliveries }: Letter, recipient: string, { clock, random }: PostOffice): number | undefined {
  const before = deliveries.find(delivery => delivery.recipient === recipient)?.attempts ?? 0;
  return nextTry(createdAt, before + 1, clock.now(), random);
}
