// pop3 delete: names what would go, asks, and marks it; the QUIT that follows deletes it.
import { AppError, CancelledError } from '../../core/errors.ts';
import { formatCount, formatSize } from '../../core/units.ts';
import type { Pop3Client } from '../../protocols/pop3/index.ts';
import { describeMessages } from './mailbox.ts';
import { messageNumber } from './message-number.ts';

export interface Deletion {
  /** Message numbers as they were typed. */
  readonly words: readonly string[];
  /** Nobody is asked. */
  readonly yes: boolean;
  readonly say: (line: string) => void;
  /** Undefined where nobody can be asked. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
}

/** Returns how many were marked. Throws AppError `usage`, `message-missing`; then, and when the answer is no, nothing is marked. */
export async function deleteMessages(client: Pop3Client, { words, yes, say, ask }: Deletion): Promise<number> {
  const numbers = [...new Set(words.map(word => messageNumber(word)))];
  const sizes = await client.list();
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

async function described(client: Pop3Client, sizes: ReadonlyMap<number, number>): Promise<readonly string[]> {
  const rows = await describeMessages(client, sizes);
  return rows.map(({ number, size, from = '', subject = '' }) => `${number}  ${formatSize(size)}  ${from}  ${subject}`);
}
