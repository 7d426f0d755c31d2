// Listing and knowledge → what is done with every message. Pure; preview shows it, run executes it.
import type { AccountState, Failures, StoredMessage } from '../../archive/index.ts';
import type { Listing } from '../../protocols/pop3/index.ts';
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
  readonly listed: number;
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
}

export interface Knowledge {
  byUidl(uidl: string): StoredMessage | undefined;
  readonly state: AccountState;
}

/** After so many failures a message is tried once in QUARANTINE_MS. */
export const TRIES_MAX = 3;
export const QUARANTINE_MS = 24 * 3_600_000;

export function decide(listing: Listing, knowledge: Knowledge, config: Pop3ArchiveConfig, now: number): Decisions {
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
    if (stored !== undefined && !needsProof(message, stored, config.delete, now)) {
      decisions.known.push({ message, stored });
      if (isDue(config.delete, stored, now)) decisions.due.push({ message, stored });
    } else if (message.size > (config['max-size'] ?? Number.POSITIVE_INFINITY)) decisions.tooLarge.push(message);
    else if (failures !== undefined && failures.count >= TRIES_MAX && now - failures.at < QUARANTINE_MS) {
      decisions.quarantined.push({ message, failures });
    } else fresh.push(message);
  }
  const tries = (message: Message) => knowledge.state.failures.get(message.uidl ?? '')?.count ?? 0;
  const ordered = fresh.sort((a, b) => tries(a) - tries(b) || a.number - b.number);
  const limit = config.limit ?? ordered.length;
  return { listed: messages.length, ...decisions, fetch: ordered.slice(0, limit), later: ordered.slice(limit) };
}

/** Whether the policy wants a stored message to be deleted on the server now. */
export function isDue(policy: DeletePolicy, stored: StoredMessage, now: number): boolean {
  switch (policy.when) {
    case 'never':
      return false;
    case 'after-archive':
      return true;
    case 'age':
      return now - stored.fetchedAt >= policy.ageMs;
  }
}

/** A UID alone is believed for not fetching; for deleting, the size must agree too, else the content is fetched and compared. */
function needsProof(message: Message, stored: StoredMessage, policy: DeletePolicy, now: number): boolean {
  return isDue(policy, stored, now) && message.size !== stored.size;
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
