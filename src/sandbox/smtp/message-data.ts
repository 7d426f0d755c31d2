// The bytes of DATA: received to the final dot whatever they are, and judged afterwards.
import { DotUnstuffer } from '../../protocols/wire/dots.ts';
import type { Connection } from '../connection.ts';
import { FaultStream } from '../fault-stream.ts';
import type { FaultRule } from '../faults.ts';
import { MESSAGE_BYTES_MAX } from './envelope.ts';

/** RFC 5321 section 4.5.3.1.6, CRLF not counted. */
const LINE_BYTES_MAX = 998;

export interface ReceivedMessage {
  readonly content: Buffer;
  /** The reply to a message that must not be accepted. */
  readonly refusal: string | undefined;
}

/** Reads to the final dot; undefined when the client is gone before it. Rules that count bytes strike on the way. */
export async function receiveMessage(
  connection: Connection,
  rules: readonly FaultRule[],
  eightBit: boolean,
): Promise<ReceivedMessage | undefined> {
  const unstuffer = new DotUnstuffer();
  const faults = new FaultStream(rules);
  const parts: Buffer[] = [];
  let size = 0;
  let struck: string | undefined;
  for (;;) {
    const chunk = await connection.chunk();
    if (chunk === undefined) return undefined;
    const { data, rest } = unstuffer.push(chunk);
    for (const part of data.flatMap(slice => faults.push(Buffer.from(slice)))) {
      if (!Buffer.isBuffer(part)) struck = (await connection.suffer(part.action, 'DATA')) ?? struck;
      else if (size + part.length <= MESSAGE_BYTES_MAX) parts.push(part);
      size += Buffer.isBuffer(part) ? part.length : 0;
    }
    if (rest === undefined) continue;
    connection.unread(rest);
    const content = Buffer.concat(parts);
    return { content, refusal: struck ?? refusalOf(content, size, eightBit) };
  }
}

/** Bare CR and LF (RFC 5321 section 2.3.8), NUL, undeclared 8-bit content (RFC 6152) are refused, never repaired. */
function refusalOf(content: Buffer, size: number, eightBit: boolean): string | undefined {
  if (size > MESSAGE_BYTES_MAX) return `552 5.3.4 A message may have ${MESSAGE_BYTES_MAX} bytes`;
  const text = content.toString('latin1');
  if (/\r(?!\n)|(?<!\r)\n/.test(text)) return '550 5.6.0 A line must end in CRLF';
  if (text.includes('\0')) return '550 5.6.0 A message cannot contain NUL';
  if (!eightBit && /[\x80-\xff]/.test(text)) return '550 5.6.1 8-bit content needs BODY=8BITMIME';
  if (text.split('\r\n').some(line => line.length > LINE_BYTES_MAX)) return `550 5.6.0 A line may have ${LINE_BYTES_MAX} bytes`;
  return undefined;
}
