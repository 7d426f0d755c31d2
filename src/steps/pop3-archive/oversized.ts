// Messages beyond max-size stay on the server; their headers are fetched by TOP once, so that somebody can see what was left there.
import { type AccountArchive, HeaderPeek } from '../../archive/index.ts';
import { RefusedError } from '../../core/errors.ts';
import type { Pop3Client } from '../../protocols/pop3/index.ts';
import type { StepContext } from '../step.ts';
import type { Message } from './messages.ts';

/** In one run; the others are recorded by later ones. */
const HEADERS_MAX = 50;

/** A header of more is cut: what matters stands at its beginning. */
const HEADER_BYTES_MAX = 64 * 1024;

/** The session must be idle. Without a UID there is nothing to remember a message by. */
export async function recordOversized(
  client: Pop3Client,
  messages: Iterable<Message>,
  archive: AccountArchive,
  context: StepContext,
): Promise<void> {
  let asked = 0;
  for (const message of messages) {
    if (message.uidl === undefined || archive.state.oversized.has(message.uidl)) continue;
    asked += 1;
    if (asked > HEADERS_MAX) break;
    const facts = await headersOf(client, message.number);
    if (facts === undefined) continue;
    const { from, subject, date } = facts;
    archive.remember({
      uidl: message.uidl,
      state: 'oversized',
      size: message.size,
      from,
      subject,
      date,
      at: context.clock.now(),
    });
  }
  await archive.commit();
}

/** Undefined when the server gives none. TOP is optional (RFC 1939 section 7), and never taken for a whole message. */
async function headersOf(client: Pop3Client, number: number) {
  const peek = new HeaderPeek();
  let bytes = 0;
  try {
    for await (const chunk of client.top(number, 0)) {
      peek.push(chunk);
      bytes += chunk.length;
      if (bytes > HEADER_BYTES_MAX) break;
    }
  } catch (error) {
    if (error instanceof RefusedError) return undefined;
    throw error;
  }
  return peek.facts();
}
