// pop3 stat, list, top and retr: what lies in a mailbox, without changing it.
import { AppError } from '../../core/errors.ts';
import { type ReadMail, readMail } from '../../mail/read.ts';
import { dial } from '../../protocols/net/dial.ts';
import { connectPop3, type Pop3Client } from '../../protocols/pop3/index.ts';
import type { OneOff } from '../oneoff/oneoff.ts';
import { resolveTarget } from '../oneoff/target.ts';

export async function withPop3<T>(target: string, one: OneOff, work: (client: Pop3Client) => Promise<T>): Promise<T> {
  const { endpoint } = await resolveTarget(target, 'pop3', one);
  const { clock, signal, transcript } = one;
  const client = await connectPop3(endpoint, { dial, clock, signal, transcript });
  try {
    const result = await work(client);
    await client.quit();
    return result;
  } finally {
    client.close();
  }
}

/** Of a longer header the beginning is read. */
const HEADER_BYTES_MAX = 256 * 1024;

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

/** Throws AppError `message-missing`. */
export async function listOne(client: Pop3Client, number: number): Promise<readonly MessageRow[]> {
  const { sizes, uids } = await client.listing();
  const size = sizes.get(number);
  if (size === undefined) throw noMessage(number);
  return describeMessages(client, new Map([[number, size]]), uids);
}

export function noMessage(number: number): AppError {
  return new AppError('message-missing', `there is no message ${number}`, {
    hint: 'A list of the mailbox shows them; what is marked for deletion is not among them.',
  });
}

/** Message number → size, with what their headers say where the server has TOP: asked for ahead, not one by one. */
export async function describeMessages(
  client: Pop3Client,
  sizes: ReadonlyMap<number, number>,
  uids?: ReadonlyMap<number, string>,
): Promise<readonly MessageRow[]> {
  const rows: MessageRow[] = [];
  const rowOf = (number: number): MessageRow => {
    const uid = uids?.get(number);
    return { number, size: sizes.get(number) ?? 0, ...(uid === undefined ? {} : { uid }) };
  };
  const wanted = [...sizes].map(([number, size]) => ({ number, size, uid: uids?.get(number) }));
  if (!client.capabilities.top) return wanted.map(({ number }) => rowOf(number));
  for await (const { number, body } of client.topMany(wanted, 0)) {
    rows.push({ ...rowOf(number), ...(body === undefined ? {} : headOf(await readMail(await headerOf(body)))) });
  }
  return rows;
}

function headOf({ date, from, subject }: ReadMail): Pick<MessageRow, 'date' | 'from' | 'subject'> {
  const sender = from === undefined ? undefined : from.name === '' ? from.address : `${from.name} <${from.address}>`;
  return { ...(date === undefined ? {} : { date }), ...(sender === undefined ? {} : { from: sender }), subject };
}

/** Cut where no header goes on; the rest is left to the client, which gives a message up that never ends. */
async function headerOf(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    parts.push(chunk);
    bytes += chunk.length;
    if (bytes >= HEADER_BYTES_MAX) break;
  }
  return Buffer.concat(parts, Math.min(bytes, HEADER_BYTES_MAX));
}
