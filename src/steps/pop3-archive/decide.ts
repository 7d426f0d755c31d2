// Listing and knowledge → what is done with every message. Pure; preview shows it, run executes it.
import type { AccountState, Failures, StoredMessage } from '../../archive/index.ts';
import { printable, shorten } from '../../core/text.ts';
import type { Ahead, Listing } from '../../protocols/pop3/index.ts';
import type { DeletePolicy, Pop3ArchiveConfig } from './config.ts';

export interface Message {
  /** Valid in this session only. */
  readonly number: number;
  /** As LIST tells it. */
  readonly size: number;
  /** Undefined when the server has none, or gives it to several messages. */
  readonly uidl: string | undefined;
}

export interface Known {
  readonly message: Message;
  readonly stored: StoredMessage;
}

export interface Decisions {
  readonly listed: readonly Message[];
  /** In the order in which they are fetched. */
  readonly fetch: readonly Message[];
  /** Archived before, by their UID. */
  readonly known: readonly Known[];
  /** Of `known`: to be deleted on the server. */
  readonly due: readonly Known[];
  /** Beyond max-size. */
  readonly tooLarge: readonly Message[];
  /** Failed too often lately. */
  readonly quarantined: readonly { readonly message: Message; readonly failures: Failures }[];
  /** Beyond the limit. */
  readonly later: readonly Message[];
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
export const QUARANTINE_MS = 24 * 3_600_000;

/**
 * A UID alone is believed for not fetching; for deleting, the size must agree too. Else the content is fetched and compared, and so it
 * is when a UID comes back after its message was deleted: the server may have given it to another one.
 */
export function decide(listing: Listing, knowledge: Knowledge, config: Pop3ArchiveConfig, { now, limit }: Bounds): Decisions {
  const messages = listMessages(listing);
  const decisions = {
    known: [] as Known[],
    due: [] as Known[],
    tooLarge: [] as Message[],
    quarantined: [] as { message: Message; failures: Failures }[],
  };
  const fresh: Message[] = [];
  for (const message of messages) {
    const stored = message.uidl === undefined ? undefined : knowledge.byUidl(message.uidl);
    const failures = message.uidl === undefined ? undefined : knowledge.state.failures.get(message.uidl);
    const due = stored !== undefined && isDue(config.delete, knowledge.firstSeen(message.uidl, stored), now);
    const reused = knowledge.state.gone.has(message.uidl ?? '');
    if (stored !== undefined && !reused && !(due && message.size !== stored.size)) {
      decisions.known.push({ message, stored });
      if (due) decisions.due.push({ message, stored });
    } else if (message.size > (config['max-size'] ?? Number.POSITIVE_INFINITY)) decisions.tooLarge.push(message);
    else if (failures !== undefined && failures.count >= TRIES_MAX && now - failures.at < QUARANTINE_MS) {
      decisions.quarantined.push({ message, failures });
    } else fresh.push(message);
  }
  const fetch = inOrder(fresh, listing.asked, knowledge);
  const renumbered = isRenumbered(messages, fetch, knowledge);
  return { listed: messages, ...decisions, fetch: fetch.slice(0, limit), later: fetch.slice(limit), renumbered };
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
function inOrder(fresh: readonly Message[], asked: readonly number[], { state }: Knowledge): Message[] {
  const place = new Map(asked.map((number, at) => [number, at - asked.length]));
  const tries = ({ number, uidl }: Message) => place.get(number) ?? state.failures.get(uidl ?? '')?.count ?? 0;
  return [...fresh].sort((a, b) => tries(a) - tries(b) || a.number - b.number);
}

/** Servers do that when they are moved or upgraded. Nothing is archived twice, since contents are compared; but everything is fetched. */
function isRenumbered(messages: readonly Message[], fetch: readonly Message[], knowledge: Knowledge): boolean {
  if (fetch.length < RENUMBERED_MIN || fetch.length < messages.length * RENUMBERED_NEW_SHARE) return false;
  const sizes = new Set<number>();
  for (const { size } of knowledge.messages()) sizes.add(size);
  return fetch.filter(({ size }) => sizes.has(size)).length >= fetch.length * RENUMBERED_SAME_SIZE_SHARE;
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

/** Every message that LIST or UIDL names. A UID that several messages share (RFC 1939 section 7) identifies none of them. */
function listMessages({ sizes, uids }: Listing): Message[] {
  const uses = new Map<string, number>();
  for (const uid of uids?.values() ?? []) uses.set(uid, (uses.get(uid) ?? 0) + 1);
  const numbers = new Set([...sizes.keys(), ...(uids?.keys() ?? [])]);
  return [...numbers]
    .sort((a, b) => a - b)
    .map(number => {
      const uid = uids?.get(number);
      return { number, size: sizes.get(number) ?? 0, uidl: uid !== undefined && uses.get(uid) === 1 ? uid : undefined };
    });
}

/** `message 12 (UID abc)`, safe to show. */
export function describeMessage({ number, uidl }: Message): string {
  return uidl === undefined ? `message ${number}` : `message ${number} (UID ${printable(shorten(uidl, 40))})`;
}
