// The outbox's contract: mails frozen as bytes until every recipient's outcome is known, and when the next try is due.
//
//   queued ──► data-sent ──► accepted                      data-sent is written before the last byte of the message leaves
//      │           ├───────► deferred (4yz) ──► data-sent  due again at nextAt, without one: given up
//      │           ├───────► rejected (5yz)
//      │           └───────► indeterminate                 no answer, or our process died: held until a person says resend
//      └──────────► not-sent                               nothing was offered (no connection, no sign-in): due again at nextAt
import type { Random } from '../core/random.ts';

export type DeliveryStatus = 'queued' | 'data-sent' | 'accepted' | 'rejected' | 'deferred' | 'not-sent' | 'indeterminate';

/** One recipient of one letter. (job, run, report, recipient) is its key: there is never a second one. */
export interface Delivery {
  readonly recipient: string;
  readonly status: DeliveryStatus;
  /** Tries so far. */
  readonly attempts: number;
  /** When to try again, epoch milliseconds; absent when there is nothing to try, or nobody should. */
  readonly nextAt?: number;
  /** The server's last word about it, or why nothing was offered; printable. */
  readonly reply?: string;
  /** Of the last change, epoch milliseconds. */
  readonly at: number;
}

export interface LetterKey {
  readonly job: string;
  readonly run: string;
  /** The step that wrote it. */
  readonly report: string;
}

export interface LetterHead extends LetterKey {
  /** The job file, and the connection in it, by which a later try finds its server. */
  readonly file: string;
  readonly connection: string;
  /** With its angle brackets. */
  readonly messageId: string;
  /** Envelope sender. */
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly smtpUtf8: boolean;
}

export interface Letter extends Omit<LetterHead, 'to'> {
  /** Hexadecimal, of the key: the same for the same run. */
  readonly id: string;
  readonly createdAt: number;
  /** Octets of the frozen message. */
  readonly size: number;
  readonly sha256: string;
  /** False once the bytes are gone: everything is settled, or the letter was dropped. */
  readonly held: boolean;
  /** In the order of the envelope. */
  readonly deliveries: readonly Delivery[];
}

export type DeliveryChange = Omit<Delivery, 'at' | 'attempts'>;

export interface LetterQuery {
  readonly job?: string;
  /** Only letters that still have something open: waiting, unknown or given up. */
  readonly open?: boolean;
  readonly limit: number;
}

/** Who is sending a letter now. */
export interface Sender {
  readonly host: string;
  readonly pid: number;
  /** Epoch milliseconds: when this try began. */
  readonly since: number;
}

/** Safe with several processes on one store. Every promise resolves when the change is durable. */
export interface Outbox {
  /** Freezes a letter; gives back the stored one, bytes untouched, when its key is taken. */
  add(head: LetterHead, message: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Letter>;
  find(key: LetterKey): Promise<Letter | undefined>;
  /** By id, or by a prefix of it that only one letter has. */
  letter(idOrPrefix: string): Promise<Letter | undefined>;
  /** Newest first. */
  letters(query: LetterQuery): Promise<readonly Letter[]>;
  /** Letters with a delivery due at `now`, the longest due first. */
  due(now: number, limit: number): Promise<readonly Letter[]>;
  /** The earliest nextAt of all; undefined when nothing waits. */
  nextDue(): Promise<number | undefined>;
  /** The frozen bytes; may be read again and again. Throws AppError `letter-damaged` when they are not what was frozen. */
  message(id: string): AsyncIterable<Buffer>;
  /**
   * Takes a letter for sending: undefined while another sender that `isAlive` has it. What a dead sender left as data-sent is
   * indeterminate from then on.
   */
  claim(id: string, sender: Sender, isAlive: (other: Sender) => boolean): Promise<Letter | undefined>;
  release(id: string): Promise<void>;
  /** A try with these recipients is about to end its message: from then on the server may have it. */
  dataSent(id: string, recipients: readonly string[]): Promise<void>;
  /** What became of a try; counts it. The bytes go once nothing is open. */
  settle(id: string, changes: readonly DeliveryChange[]): Promise<Letter>;
  /** Makes all that is not accepted due at `now`; the letter must be held. Gives back how many. */
  requeue(id: string, now: number): Promise<number>;
  /** Gives up on all that is open; the bytes go, the record stays, so that the run sends it no second time. */
  drop(id: string): Promise<void>;
}

/** Between tries, in minutes; then hourly. Greylisting lifts within a quarter of an hour nearly everywhere. */
const WAITS_MIN = [1, 5, 15, 30, 60] as const;
const MINUTE_MS = 60_000;
/** A mail that nobody took for so long is given up; it can still be resent by hand. */
export const GIVE_UP_MS = 48 * 60 * MINUTE_MS;
/** But not before so many tries: a machine that slept over the weekend, or whose clock was wrong, has not tried for so long. */
export const GIVE_UP_TRIES_MIN = 10;
/** Up to this part of a wait is added by chance, so that many mails do not come back at once. */
const JITTER = 0.2;

/** No try is put off for longer: one due later was planned by a clock that was ahead. */
export const WAIT_MS_MAX = 60 * (1 + JITTER) * MINUTE_MS;

/** When try number `attempts` + 1 is due; undefined when the letter is too old for another. */
export function nextTry(createdAt: number, attempts: number, now: number, random: Random): number | undefined {
  const minutes = WAITS_MIN[Math.min(Math.max(attempts, 1), WAITS_MIN.length) - 1] ?? 60;
  const at = now + Math.round(minutes * MINUTE_MS * (1 + JITTER * random.fraction()));
  return attempts >= GIVE_UP_TRIES_MIN && at - createdAt > GIVE_UP_MS ? undefined : at;
}

/** Statuses that another try may change without doing anything twice. */
export function isWaiting({ status }: Pick<Delivery, 'status'>): boolean {
  return status === 'queued' || status === 'deferred' || status === 'not-sent';
}

/** Something a person or a later try may still change. */
export function isOpen({ status }: Pick<Delivery, 'status'>): boolean {
  return status !== 'accepted' && status !== 'rejected';
}
