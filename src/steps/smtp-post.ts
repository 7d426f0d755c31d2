// One try of a letter of the outbox over an open session: every recipient's outcome is written down as the contract of mail/outbox.ts says.
import type { Clock } from '../core/clock.ts';
import { reportOf } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import { type DeliveryChange, isWaiting, type Letter, nextTry, type Outbox } from '../mail/outbox.ts';
import type { RecipientResult, SmtpClient } from '../protocols/smtp/index.ts';

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

/**
 * Sends a claimed letter to its waiting recipients; resolves with what became of each. Rejects when nobody can have it: that is
 * written down then, and the session is closed.
 */
export async function post(
  letter: Letter,
  client: SmtpClient,
  office: PostOffice,
  onProgress: (bytes: number) => void = () => undefined,
): Promise<readonly RecipientResult[]> {
  const { letters } = office;
  try {
    const result = await client.send({ from: letter.from, to: waitingOf(letter) }, letters.message(letter.id), {
      bytes: letter.size,
      eightBit: letter.smtpUtf8,
      smtpUtf8: letter.smtpUtf8,
      repeatable: true,
      onDataSent: recipients => letters.dataSent(letter.id, recipients),
      onProgress,
    });
    return result.recipients;
  } catch (error) {
    client.close();
    await putOff(letter, error as Error, office);
    throw error;
  }
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
