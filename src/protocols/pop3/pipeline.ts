// Many RETRs or DELEs with few round trips: commands go ahead of their replies within a window (RFC 2449 section 6.6).
import { RefusedError } from '../../core/errors.ts';
import { MessageBody } from './body.ts';
import type { Conversation } from './conversation.ts';
import { IN_FLIGHT_BYTES_MAX, OUTSTANDING_COMMANDS_MAX } from './limits.ts';

export interface Wanted {
  readonly number: number;
  /** As LIST told it: what the window counts. */
  readonly size: number;
}

export interface Window {
  /** Commands sent and not answered; at least one always goes out. */
  readonly commands: number;
  /** Bytes asked for and not received. */
  readonly bytes: number;
}

export type Retrieved =
  | { readonly number: number; readonly body: MessageBody; readonly refusal?: undefined }
  | { readonly number: number; readonly refusal: RefusedError; readonly body?: undefined };

/** Each entry must be read before the next is asked for; what is left of its body then is thrown away. */
export async function* retrieveMany(
  talk: Conversation,
  wanted: readonly Wanted[],
  { commands = OUTSTANDING_COMMANDS_MAX, bytes = IN_FLIGHT_BYTES_MAX }: Partial<Window>,
): AsyncGenerator<Retrieved> {
  const commandsMax = Math.min(commands, OUTSTANDING_COMMANDS_MAX);
  let sent = 0;
  let inFlight = 0;
  for (const [done, { number, size }] of wanted.entries()) {
    if (sent - done <= commandsMax / 2) {
      const from = sent;
      for (let next = wanted[sent]; next !== undefined; next = wanted[sent]) {
        if (sent > done && (sent - done >= commandsMax || inFlight + next.size > bytes)) break;
        inFlight += next.size;
        sent += 1;
      }
      const batch = wanted.slice(from, sent);
      if (batch.length > 0) await talk.send(...batch.map(({ number }) => ({ verb: 'RETR', number }) as const));
    }
    yield* retrieved(talk, number);
    inFlight -= size;
  }
}

async function* retrieved(talk: Conversation, number: number): AsyncGenerator<Retrieved> {
  const refusal = await refused(talk, 'RETR');
  if (refusal !== undefined) {
    yield { number, refusal };
    return;
  }
  const body = new MessageBody(talk, 'RETR');
  yield { number, body };
  await body.discard();
}

/** The refused ones by number. */
export async function deleteMany(
  talk: Conversation,
  numbers: readonly number[],
  pipelining: boolean,
): Promise<ReadonlyMap<number, RefusedError>> {
  const refusals = new Map<number, RefusedError>();
  const batchMax = pipelining ? OUTSTANDING_COMMANDS_MAX : 1;
  for (let from = 0; from < numbers.length; from += batchMax) {
    const batch = numbers.slice(from, from + batchMax);
    await talk.send(...batch.map(number => ({ verb: 'DELE', number }) as const));
    for (const number of batch) {
      const refusal = await refused(talk, 'DELE');
      if (refusal !== undefined) refusals.set(number, refusal);
    }
  }
  return refusals;
}

/** The refusal that answers the oldest command, if it is one. */
async function refused(talk: Conversation, verb: 'RETR' | 'DELE'): Promise<RefusedError | undefined> {
  try {
    await talk.reply(verb);
    return undefined;
  } catch (error) {
    if (error instanceof RefusedError) return error;
    throw error;
  }
}
