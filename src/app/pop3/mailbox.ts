// pop3 stat, list, top and retr: what lies in a mailbox, without changing it.
import { type ReadMail, readMail } from '../../mail/read.ts';
import { dial } from '../../protocols/net/dial.ts';
import { connectPop3, type Pop3Client } from '../../protocols/pop3/index.ts';
import type { OneOff } from '../oneoff.ts';
import { resolveTarget } from '../target.ts';

export async function withPop3<T>(target: string, one: OneOff, work: (client: Pop3Client) => Promise<T>): Promise<T> {
  const { endpoint } = await resolveTarget(target, 'pop3', one);
  const { clock, signal, transcript } = one;
  const client = await connectPop3(endpoint, {
    ...{ dial, clock, signal },
    transcript: transcript && ((from, line) => transcript(from === 'client' ? '>' : '<', line)),
  });
  try {
    const result = await work(client);
    await client.quit();
    return result;
  } finally {
    client.close();
  }
}

export interface MessageRow {
  readonly number: number;
  readonly size: number;
  readonly uid?: string;
  readonly date?: string;
  readonly from?: string;
  readonly subject?: string;
}

/** The newest `limit` messages, oldest first. */
export async function listMessages(client: Pop3Client, limit: number): Promise<readonly MessageRow[]> {
  const { sizes, uids } = await client.listing();
  return describeMessages(client, new Map([...sizes].slice(-limit)), uids);
}

/** Message number → size, with what their headers say where the server has TOP. */
export async function describeMessages(
  client: Pop3Client,
  sizes: ReadonlyMap<number, number>,
  uids?: ReadonlyMap<number, string>,
): Promise<readonly MessageRow[]> {
  const rows: MessageRow[] = [];
  for (const [number, size] of sizes) {
    const uid = uids?.get(number);
    const head = client.capabilities.top ? headOf(await readMail(await whole(client.top(number, 0)))) : {};
    rows.push({ number, size, ...(uid === undefined ? {} : { uid }), ...head });
  }
  return rows;
}

function headOf({ date, from, subject }: ReadMail): Pick<MessageRow, 'date' | 'from' | 'subject'> {
  const sender = from === undefined ? undefined : from.name === '' ? from.address : `${from.name} <${from.address}>`;
  return { ...(date === undefined ? {} : { date }), ...(sender === undefined ? {} : { from: sender }), subject };
}

async function whole(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}
