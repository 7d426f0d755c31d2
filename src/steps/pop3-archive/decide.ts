// Listing and knowledge → what is done with every message. Pure; preview shows it, run executes it.
import type { AccountState, Failures, StoredMessage } from '../../archive/index.ts';
import type { Ahead, Listing } from '../../protocols/pop3/index.ts';
import type { DeletePolicy, Pop3ArchiveConfig } from './config.ts';
import { type Message, Messages } from './messages.ts';

export interface Decisions {
  readonly listed: Messages;
  /** In the order in which they are fetched. */
  readonly fetch: Messages;
  /** Archived before, by their UID. */
  readonly known: Messages;
  /** Of `known`: to be deleted on the server. */
  readonly due: Messages;
  /** Beyond max-size. */
  readonly tooLarge: Messages;
  /** Failed too often lately. */
  readonly quarantined: readonly { readonly message: Message; readonly failures: Failures }[];
  /** Beyond the limit. */
  readonly later: Messages;
  /** The server seems to have given all its messages new UIDs. */
  readonly renumbered: boolean;
}

export interface Knowledge {
  byUidl(uidl: string): StoredMessage | undefined;
  /** When the content was first seen under the UID, epoch milliseconds. */
  firstSeen(uidl: string | undefined, stored: StoredMessage): number;
  readonly state: AccountState;
  /** Every archived message. */
  messages(): Iterable<StoredMessage>;
}

export interface Bounds {
  /** Epoch milliseconds. */
  readonly now: number;
  /** At most so many are fetched. */
  readonly limit: number;
}

/** From so many messages on, a listing that is almost all new although the archive holds messages of those sizes is worth a word. */
const RENUMBERED_MIN = 10;
const RENUMBERED_NEW_SHARE = 0.9;
const RENUMBERED_SAME_SIZE_SHARE = 0.5;

/** After so many failures a message is tried once in QUARANTINE_MS. */
export const TRIES_MAX = 3;
const QUARANTINE_MS = 24 * 3_600_000;

/**
 * A UID alone is believed for not fetching; for deleting, the size must agree too. Else the content is fetched and compared, and so it
 * is when a UID comes back after its message was deleted: the server may have given it to another one.
 */
export function decide(listing: Listing, knowledge: Knowledge, config: Pop3ArchiveConfig, { now, limit }: Bounds): Decisions {
  const listed = Messages.of(listing);
  const [known, due, tooLarge, fresh]: [number[], number[], number[], number[]] = [[], [], [], []];
  const quarantined: { message: Message; failures: Failures }[] = [];
  for (const message of listed) {
    const { number, size, uidl } = message;
    const stored = uidl === undefined ? undefined : knowledge.byUidl(uidl);
    const failures = uidl === undefined ? undefined : knowledge.state.failures.get(uidl);
    const isDueNow = stored !== undefined && isDue(config.delete, knowledge.firstSeen(uidl, stored), now);
    const reused = knowledge.state.gone.has(uidl ?? '');
    if (stored !== undefined && !reused && !(isDueNow && size !== stored.size)) {
      known.push(number);
      if (isDueNow) due.push(number);
    } else if (size > (config['max-size'] ?? Number.POSITIVE_INFINITY)) tooLarge.push(number);
    else if (failures !== undefined && failures.count >= TRIES_MAX && now - failures.at < QUARANTINE_MS) {
      quarantined.push({ message, failures });
    } else fresh.push(number);
  }
  const fetch = inOrder(listed.only(fresh), listing.asked, knowledge);
  return {
    ...{ listed, known: listed.only(known), due: listed.only(due), tooLarge: listed.only(tooLarge), quarantined },
    fetch: listed.only(fetch.length <= limit ? fetch : fetch.slice(0, limit)),
    later: listed.only(fetch.slice(limit)),
    renumbered: isRenumbered(listed, listed.only(fetch), knowledge),
  };
}

/** Messages that decide() will want fetched, whatever else is listed: nothing is known of their UIDs. */
export function wantedAhead(knowledge: Knowledge, config: Pop3ArchiveConfig, limit: number): Ahead {
  const { failures, gone } = knowledge.state;
  const sizeMax = config['max-size'] ?? Number.POSITIVE_INFINITY;
  let count = 0;
  return ({ uid, size }) => {
    if (count >= limit || size > sizeMax || failures.has(uid) || gone.has(uid) || knowledge.byUidl(uid) !== undefined)
      return false;
    count += 1;
    return true;
  };
}

/** First what was asked for already; then by number, what has failed before at the end. */
function inOrder(fresh: Messages, asked: readonly number[], { state: { failures } }: Knowledge): readonly number[] {
  const { numbers } = fresh;
  // The usual case, in which a hundred thousand numbers are not copied and sorted.
  if (failures.size === 0 && asked.every((number, at) => numbers[at] === number)) return numbers;
  const places = new Map<number, number>();
  if (failures.size > 0) for (const { number, uidl } of fresh) places.set(number, failures.get(uidl ?? '')?.count ?? 0);
  for (const [at, number] of asked.entries()) places.set(number, at - asked.length);
  const place = (number: number) => places.get(number) ?? 0;
  return [...numbers].sort((a, b) => place(a) - place(b) || a - b);
}

/** Servers do that when they are moved or upgraded. Nothing is archived twice, since contents are compared; but everything is fetched. */
function isRenumbered(listed: Messages, fetch: Messages, knowledge: Knowledge): boolean {
  if (fetch.length < RENUMBERED_MIN || fetch.length < listed.length * RENUMBERED_NEW_SHARE) return false;
  const sizes = new Set<number>();
  for (const { size } of knowledge.messages()) sizes.add(size);
  let same = 0;
  for (const { size } of fetch) if (sizes.has(size)) same += 1;
  return same >= fetch.length * RENUMBERED_SAME_SIZE_SHARE;
}

/** Whether the policy wants a message that was first seen then to be deleted on the server now. */
export function isDue(policy: DeletePolicy, since: number, now: number): boolean {
  switch (policy.when) {
    case 'never':
      return false;
    case 'after-archive':
      return true;
    case 'age':
      return now - since >= policy.ageMs;
  }
}
