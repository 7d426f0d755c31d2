// Counts the fate of every listed message; each has exactly one (research rule: account for everything).
import { assert } from '../../core/assert.ts';

export type Fate = 'archived' | 'duplicates' | 'skipped' | 'quarantined' | 'pending';

export type ArchiveOutputs = Readonly<Record<'listed' | Fate | 'deleted' | 'bytes', number>>;

export class Tally {
  readonly #listed: number;
  readonly #fates = new Map<number, Fate>();
  /** Gone on the server for certain. */
  deleted = 0;
  /** Exact octets of the messages archived in this run. */
  bytes = 0;

  constructor(listed: number) {
    this.#listed = listed;
  }

  set(number: number, fate: Fate): void {
    assert(!this.#fates.has(number), `message ${number} has two fates: ${this.#fates.get(number)} and ${fate}`);
    this.#fates.set(number, fate);
  }

  /** listed = archived + duplicates + skipped + quarantined + pending, or it is a bug. */
  outputs(): ArchiveOutputs {
    const counts: Record<Fate, number> = { archived: 0, duplicates: 0, skipped: 0, quarantined: 0, pending: 0 };
    for (const fate of this.#fates.values()) counts[fate] += 1;
    assert(this.#fates.size === this.#listed, `${this.#listed} messages listed, ${this.#fates.size} accounted for`);
    return { listed: this.#listed, ...counts, deleted: this.deleted, bytes: this.bytes };
  }
}
