// What an archive holds, counted by account and month; who wrote most, and what is largest.
import { type CatalogOptions, type ListedMessage, listMessages } from './catalog.ts';

export interface MonthStats {
  readonly account: string;
  readonly month: string;
  readonly messages: number;
  readonly bytes: number;
  readonly largest: { readonly sha256: string; readonly size: number; readonly subject: string | undefined };
}

export interface SenderStats {
  /** In lower case; '' for messages without one. */
  readonly address: string;
  readonly messages: number;
  readonly bytes: number;
}

export interface ArchiveStats {
  /** Account by account, the oldest month first. */
  readonly months: readonly MonthStats[];
  /** Those with the most messages. */
  readonly senders: readonly SenderStats[];
  readonly largest: readonly Pick<ListedMessage, 'account' | 'sha256' | 'size' | 'from' | 'subject'>[];
}

const TOP = 10;
/** Later ones are not counted: a spammer has a new one for each message. */
const SENDERS_MAX = 200_000;

export async function archiveStats(root: string, options: CatalogOptions = {}): Promise<ArchiveStats> {
  const rows = new Map<string, MonthStats>();
  const senders = new Map<string, SenderStats>();
  let largest: ListedMessage[] = [];
  for await (const message of listMessages(root, options)) {
    const key = `${message.account}/${message.month}`;
    const known = rows.get(key);
    rows.set(key, known === undefined ? first(message) : more(known, message));
    count(senders, message);
    if (largest.length < TOP || message.size > (largest.at(-1)?.size ?? 0))
      largest = [...largest, message].sort((a, b) => b.size - a.size).slice(0, TOP);
  }
  const ranked = [...senders.values()].sort((a, b) => b.messages - a.messages || b.bytes - a.bytes);
  return {
    months: [...rows.values()],
    senders: ranked.slice(0, TOP),
    largest: largest.map(({ account, sha256, size, from, subject }) => ({ account, sha256, size, from, subject })),
  };
}

function count(senders: Map<string, SenderStats>, { from, size }: ListedMessage): void {
  const address = (/<([^<>]*)>\s*$/.exec(from ?? '')?.[1] ?? from ?? '').trim().toLowerCase();
  const known = senders.get(address);
  if (known === undefined && senders.size >= SENDERS_MAX) return;
  senders.set(address, { address, messages: (known?.messages ?? 0) + 1, bytes: (known?.bytes ?? 0) + size });
}

function first(message: ListedMessage): MonthStats {
  const { account, month, size } = message;
  return { account, month, messages: 1, bytes: size, largest: largestOf(message) };
}

function more(known: MonthStats, message: ListedMessage): MonthStats {
  const largest = message.size > known.largest.size ? largestOf(message) : known.largest;
  return { ...known, messages: known.messages + 1, bytes: known.bytes + message.size, largest };
}

function largestOf({ sha256, size, subject }: ListedMessage): MonthStats['largest'] {
  return { sha256, size, subject };
}
