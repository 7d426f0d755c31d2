// Many mails over a few sessions to one server: one source for all of them, no faster than allowed, sessions replaced when they break.
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { MailSource, OutgoingMail, SmtpClient } from './client.ts';
import type { SendResult } from './outcome.ts';

export interface PoolOptions {
  readonly connect: () => Promise<SmtpClient>;
  readonly clock: Clock;
  readonly connections: number;
  /** Mails a second over all sessions. */
  readonly mailsPerSecond?: number;
}

/** A server that breaks so many sessions in a row, without one mail settled between, is left alone. */
const BROKEN_IN_A_ROW_MAX = 3;

/**
 * Tells the outcome of every mail it took, as SmtpClient.sendAll does. Rejects with the reason when no session can be had any more;
 * what is left in the source then was not offered to anybody.
 */
export async function sendPooled<M extends OutgoingMail>(
  mails: MailSource<M>,
  told: (mail: M, outcome: SendResult | Error) => void,
  options: PoolOptions,
): Promise<void> {
  const source = new SharedSource(mails, options);
  const lanes = Array.from({ length: options.connections }, () => lane(source, told, options));
  const failed = (await Promise.allSettled(lanes)).find(result => result.status === 'rejected');
  if (failed !== undefined && !source.dry) throw failed.reason;
}

async function lane<M extends OutgoingMail>(
  source: SharedSource<M>,
  told: (mail: M, outcome: SendResult | Error) => void,
  { connect }: PoolOptions,
): Promise<void> {
  for (let broken = 0; !source.dry && broken < BROKEN_IN_A_ROW_MAX; broken++) {
    const client = await connect();
    const count = (mail: M, outcome: SendResult | Error) => {
      if (!(outcome instanceof Error)) broken = -1;
      told(mail, outcome);
    };
    await client.sendAll(source, count);
    if (client.usable) return client.quit();
    client.close();
  }
  if (!source.dry) throw new AppError('server-breaks-off', 'the server breaks off every session', { retry: 'later' });
}

/** Hands each mail to one asker; a mail that waits for its moment holds nobody up who has something else to do. */
class SharedSource<M extends OutgoingMail> implements AsyncIterator<M> {
  readonly #mails: MailSource<M>;
  readonly #clock: Clock;
  readonly #everyMs: number;
  #turn: Promise<unknown> = Promise.resolve();
  #nextAt = 0;
  dry = false;

  constructor(mails: MailSource<M>, { clock, mailsPerSecond }: PoolOptions) {
    this.#mails = mails;
    this.#clock = clock;
    this.#everyMs = mailsPerSecond === undefined ? 0 : 1_000 / mailsPerSecond;
    this.#nextAt = clock.elapsed();
  }

  next(): Promise<IteratorResult<M>> {
    const result = this.#turn.then(() => this.#take());
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #take(): Promise<IteratorResult<M>> {
    if (this.dry) return { done: true, value: undefined };
    const wait = this.#nextAt - this.#clock.elapsed();
    if (wait > 0) await this.#clock.sleep(wait);
    this.#nextAt = Math.max(this.#nextAt, this.#clock.elapsed()) + this.#everyMs;
    const result = await this.#mails.next();
    if (result.done === true) this.dry = true;
    return result;
  }
}
