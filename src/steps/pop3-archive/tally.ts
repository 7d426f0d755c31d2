// Counts the fate of every listed message; each has exactly one (research rule: account for everything).
import { assert } from '../../core/assert.ts';
import { Column, TextTable } from '../../core/memory.ts';
import type { Message, Messages } from './messages.ts';

const FATES = ['archived', 'duplicates', 'skipped', 'quarantined', 'pending'] as const;
export type Fate = (typeof FATES)[number];
const OPEN = FATES.length;

export type ArchiveOutputs = Readonly<Record<'listed' | Fate | 'deleted' | 'bytes', number>>;

/** Over all sessions of a run: a message that is listed again is the same one, by its UID. */
export class Tally {
  /** Of this session, by number, and at the same places what became of each: its place in FATES, or OPEN. */
  #listed: Messages | undefined;
  #fates = new Column(Uint8Array);
  /** Of the sessions before; most runs have none, and keep no second table of UIDs. */
  #before: { readonly messages: TextTable; readonly fates: Column } | undefined;
  #session = 0;
  /** Gone on the server for certain. */
  deleted = 0;
  /** Exact octets of the messages archived in this run. */
  bytes = 0;

  /** A session begins and lists these, by number. */
  list(messages: Messages): void {
    if (this.#listed !== undefined) this.#before = this.#together(this.#listed);
    this.#session += 1;
    this.#listed = messages;
    this.#fates = new Column(Uint8Array);
    if (this.#before === undefined) for (let place = 0; place < messages.length; place++) this.#fates.push(OPEN);
    else for (const message of messages) this.#fates.push(this.#fateBefore(message));
  }

  /** Whether an earlier session of this run has settled it. */
  isSettled(message: Message): boolean {
    const place = this.#listed?.placeOf(message.number);
    const fate = FATES[(place === undefined ? undefined : this.#fates.get(place)) ?? OPEN];
    return fate !== undefined && fate !== 'pending';
  }

  set(message: Message, fate: Fate): void {
    const place = this.#listed?.placeOf(message.number);
    assert(place !== undefined, `message ${message.number} was never listed`);
    assert(!this.isSettled(message), `message ${message.number} has two fates, one of them ${fate}`);
    this.#fates.set(place, FATES.indexOf(fate));
  }

  /** listed = archived + duplicates + skipped + quarantined + pending, or it is a bug. */
  outputs(): ArchiveOutputs {
    const fates = this.#before === undefined || this.#listed === undefined ? this.#fates : this.#together(this.#listed).fates;
    const counts: Record<Fate, number> = { archived: 0, duplicates: 0, skipped: 0, quarantined: 0, pending: 0 };
    for (let row = 0; row < fates.length; row++) {
      const fate = FATES[fates.get(row) ?? OPEN];
      assert(fate !== undefined, `the message in place ${row + 1} is not accounted for`);
      counts[fate] += 1;
    }
    return { listed: fates.length, ...counts, deleted: this.deleted, bytes: this.bytes };
  }

  /** Those of the sessions before and of this one. */
  #together(listed: Messages): { readonly messages: TextTable; readonly fates: Column } {
    const all = this.#before ?? { messages: new TextTable(), fates: new Column(Uint8Array) };
    let place = 0;
    for (const message of listed) {
      all.fates.set(all.messages.add(this.#key(message)), this.#fates.get(place) ?? OPEN);
      place += 1;
    }
    return all;
  }

  #fateBefore(message: Message): number {
    const row = this.#before?.messages.find(this.#key(message));
    return (row === undefined ? undefined : this.#before?.fates.get(row)) ?? OPEN;
  }

  #key({ uidl, number }: Message): string {
    return uidl === undefined ? `${this.#session} ${number}` : `uid ${uidl}`;
  }
}
