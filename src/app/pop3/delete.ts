// pop3 delete: names what would go, asks, and marks it; the QUIT that follows deletes it.
import { AppError, CancelledError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import { formatCount, formatSize } from '../../core/units.ts';
import type { Pop3Client } from '../../protocols/pop3/index.ts';
import { describeMessages } from './mailbox.ts';
import { messageNumber } from './message-number.ts';

export interface Deletion {
  /** Message numbers as they were typed, or `uid:` and a unique-id. */
  readonly words: readonly string[];
  /** Nobody is asked. */
  readonly yes: boolean;
  readonly say: (line: string) => void;
  /** Undefined where nobody can be asked. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
}

/** Returns how many were marked. Throws AppError `usage`, `message-missing`; then, and when the answer is no, nothing is marked. */
export async function deleteMessages(client: Pop3Client, { words, yes, say, ask }: Deletion): Promise<number> {
  const { sizes, numbers } = await chosen(client, words);
  const missing = numbers.find(number => !sizes.has(number));
  if (missing !== undefined) {
    throw new AppError('message-missing', `there is no message ${missing}`, {
      hint: '`pop3 list` shows them. Nothing was deleted.',
    });
  }
  if (!yes) {
    if (ask === undefined)
      throw new AppError('usage', 'nobody can be asked here', { hint: 'Write --yes to delete without a question.' });
    for (const line of await described(client, new Map(numbers.map(number => [number, sizes.get(number) ?? 0])))) say(line);
    const answer = await ask(`Delete ${formatCount(numbers.length, 'messages')} for good (y, n)? `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new CancelledError('nothing was deleted');
  }
  const refused = await client.deleteMany(numbers);
  const [first] = refused.values();
  if (first === undefined) return numbers.length;
  await client.reset();
  throw first;
}

interface Chosen {
  readonly sizes: ReadonlyMap<number, number>;
  readonly numbers: readonly number[];
}

/** Numbers hold for one session; a unique-id is the same message in every one (RFC 1939 section 7). */
async function chosen(client: Pop3Client, words: readonly string[]): Promise<Chosen> {
  const named = new Map(words.map(word => [word, word.startsWith(UID) ? undefined : messageNumber(word)]));
  if (![...named.values()].includes(undefined))
    return { sizes: await client.list(), numbers: [...new Set(named.values())].map(Number) };
  const { sizes, uids = new Map<number, string>() } = await client.listing();
  const numberOf = new Map([...uids].map(([number, uid]) => [uid, number]));
  const numbers = [...named].map(([word, number = numberOf.get(word.slice(UID.length))]) => {
    if (number !== undefined) return number;
    throw new AppError('message-missing', `there is no message with the unique-id ${printable(word.slice(UID.length))}`, {
      hint: '`pop3 list --uid` shows them, where the server has any. Nothing was deleted.',
    });
  });
  return { sizes, numbers: [...new Set(numbers)] };
}

const UID = 'uid:';

async function described(client: Pop3Client, sizes: ReadonlyMap<number, number>): Promise<readonly string[]> {
  const rows = await describeMessages(client, sizes);
  return rows.map(({ number, size, from = '', subject = '' }) => `${number}  ${formatSize(size)}  ${from}  ${subject}`);
}
