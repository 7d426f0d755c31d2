// What an archive holds, counted by account and month.
import { type CatalogOptions, type ListedMessage, listMessages } from './catalog.ts';

export interface MonthStats {
  readonly account: string;
  readonly month: string;
  readonly messages: number;
  readonly bytes: number;
  readonly largest: { readonly sha256: string; readonly size: number; readonly subject: string | undefined };
}

/** Account by account, the oldest month first. */
export async function archiveStats(root: string, options: CatalogOptions = {}): Promise<readonly MonthStats[]> {
  const rows = new Map<string, MonthStats>();
  for await (const message of listMessages(root, options)) {
    const key = `${message.account}/${message.month}`;
    const known = rows.get(key);
    rows.set(key, known === undefined ? first(message) : more(known, message));
  }
  return [...rows.values()];
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
