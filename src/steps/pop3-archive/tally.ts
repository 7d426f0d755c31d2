// Counts the fate of every listed message; each has exactly one (research rule: account for everything).
import { assert } from '../../core/assert.ts';
import type { Message } from './decide.ts';

export type Fate = 'archived' | 'duplicates' | 'skipped' | 'quarantined' | 'pending';

export type ArchiveOutputs = Readonly<Record<'listed' | Fate | 'deleted' | 'bytes', number>>;

/** Over all sessions of a run: a message that is listed again is the same one, by its UID. */
export class Tally {
  readonly #fates = new Map<string, Fate | 'open'>();
  #session = 0;
  /** Gone on the server for certain. */
  deleted = 0;
  /** Exact octets of the messages archived in this run. */
  bytes = 0;

  /** A session begins and lists these. */
  list(messages: readonly Message[]): void {
    this.#session += 1;
    for (const message of messages) {
      const key = this.#key(message);
      if (!this.#fates.has(key)) this.#fates.set(key, 'open');
    }
  }

  /** Whether an earlier session of this run has settled it. */
  isSettled(message: Message): boolean {
    const fate = this.#fates.get(this.#key(message));
    return fate !== undefined && fate !== 'open' && fate !== 'pending';
  }

  set(message: Message, fate: Fate): void {
    const key = this.#key(message);
    const before = this.#fates.get(key);
    assert(before !== undefined, `message ${message.number} was never listed`);
    assert(before === 'open' || before === 'pending', `message ${message.number} has two fates: ${before} and ${fate}`);
    this.#fates.set(key, fate);
  }

  /** listed = archived + duplicates + skipped + quarantined + pending, or it is a bug. */
  outputs(): ArchiveOutputs {
    const counts: Record<Fate, number> = { archived: 0, duplicates: 0, skipped: 0, quarantined: 0, pending: 0 };
    for (const [key, fate] of this.#fates) {
      assert(fate !== 'open', `message ${key} is not accounted for`);
      counts[fate] += 1;
    }
    return { listed: this.#fates.size, ...counts, deleted: this.deleted, bytes: this.bytes };
  }

  #key({ uidl, number }: Message): string {
    return uidl === undefined ? `${this.#session} ${number}` : `uid ${uidl}`;
  }
}
