// Counts the fate of every listed message; each has exactly one (research rule: account for everything).
import { assert } from '../../core/assert.ts';
import { Column, TextTable } from '../../core/memory.ts';
import type { Message } from './messages.ts';

const FATES = ['archived', 'duplicates', 'skipped', 'quarantined', 'pending'] as const;
export type Fate = (typeof FATES)[number];
const OPEN = FATES.length;

export type ArchiveOutputs = Readonly<Record<'listed' | Fate | 'deleted' | 'bytes', number>>;

/** Over all sessions of a run: a message that is listed again is the same one, by its UID. */
export class Tally {
  readonly #messages = new TextTable();
  /** By the number of the message’s key: its place in FATES, or OPEN. */
  readonly #fates = new Column(Uint8Array);
  #session = 0;
  /** Gone on the server for certain. */
  deleted = 0;
  /** Exact octets of the messages archived in this run. */
  bytes = 0;

  /** A session begins and lists these. */
  list(messages: Iterable<Message>): void {
    this.#session += 1;
    for (const message of messages) {
      const row = this.#messages.add(this.#key(message));
      if (row === this.#fates.length) this.#fates.push(OPEN);
    }
  }

  /** Whether an earlier session of this run has settled it. */
  isSettled(message: Message): boolean {
    const fate = FATES[this.#fate(message) ?? OPEN];
    return fate !== undefined && fate !== 'pending';
  }

  set(message: Message, fate: Fate): void {
    const row = this.#messages.find(this.#key(message));
    assert(row !== undefined, `message ${message.number} was never listed`);
    assert(!this.isSettled(message), `message ${message.number} has two fates, one of them ${fate}`);
    this.#fates.set(row, FATES.indexOf(fate));
  }

  /** listed = archived + duplicates + skipped + quarantined + pending, or it is a bug. */
  outputs(): ArchiveOutputs {
    const counts: Record<Fate, number> = { archived: 0, duplicates: 0, skipped: 0, quarantined: 0, pending: 0 };
    for (let row = 0; row < this.#fates.length; row++) {
      const fate = FATES[this.#fates.get(row) ?? OPEN];
      assert(fate !== undefined, `message ${this.#messages.text(row)} is not accounted for`);
      counts[fate] += 1;
    }
    return { listed: this.#fates.length, ...counts, deleted: this.deleted, bytes: this.bytes };
  }

  #fate(message: Message): number | undefined {
    const row = this.#messages.find(this.#key(message));
    return row === undefined ? undefined : this.#fates.get(row);
  }

  #key({ uidl, number }: Message): string {
    return uidl === undefined ? `${this.#session} ${number}` : `uid ${uidl}`;
  }
}
