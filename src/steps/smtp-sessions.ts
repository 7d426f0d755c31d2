// Sessions that a mail step is done with, kept a short while for the next mail step of the same run.
import type { Clock, Timer } from '../core/clock.ts';
import type { SmtpClient } from '../protocols/smtp/index.ts';
import type { MailSessions } from './step.ts';

/** A server that lets few in at a time is not held up by a session that nobody uses. */
export const IDLE_MS_MAX = 30_000;

interface Kept {
  readonly client: SmtpClient;
  readonly timer: Timer;
}

export class IdleSessions implements MailSessions {
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();
  readonly #leaving = new Set<Promise<void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  take(connection: string): SmtpClient | undefined {
    const kept = this.#kept.get(connection);
    kept?.timer.cancel();
    this.#kept.delete(connection);
    return kept?.client.usable === true ? kept.client : undefined;
  }

  keep(connection: string, client: SmtpClient): void {
    this.#end(connection);
    const timer = this.#clock.after(IDLE_MS_MAX, () => this.#end(connection));
    this.#kept.set(connection, { client, timer });
  }

  /** Says goodbye on all that are kept, at the end of the run; never rejects. */
  async close(): Promise<void> {
    for (const connection of [...this.#kept.keys()]) this.#end(connection);
    await Promise.all(this.#leaving);
  }

  #end(connection: string): void {
    const leaving = this.take(connection)?.quit();
    if (leaving === undefined) return;
    this.#leaving.add(leaving);
    void leaving.finally(() => this.#leaving.delete(leaving));
  }
}
