// Opens a POP3 session: greeting, CAPA, TLS where it is explicit, UTF8, sign-in.
import type { Clock } from '../../core/clock.ts';
import { AppError, RefusedError } from '../../core/errors.ts';
import type { Dial } from '../net/dial.ts';
import { addressOf, type Endpoint } from '../net/endpoint.ts';
import type { Transcript } from '../wire/command.ts';
import { type Capabilities, NO_CAPABILITIES, parseCapabilities } from './capabilities.ts';
import { type Pop3Client, SessionClient } from './client.ts';
import { Conversation } from './conversation.ts';
import type { Window } from './pipeline.ts';
import { signIn } from './sign-in.ts';

export interface Pop3Options {
  readonly dial: Dial;
  readonly clock: Clock;
  /** Aborting it closes the connection at once, now and later. */
  readonly signal?: AbortSignal | undefined;
  readonly transcript?: Transcript | undefined;
  /** False sends one command at a time even where the server offers more: for servers that lose pipelined commands. */
  readonly pipelining?: boolean | undefined;
  /** How far commands go ahead; default: as far as servers are known to like it. */
  readonly window?: Partial<Window> | undefined;
}

/**
 * Throws `tls-refused` when TLS is explicit and the server will not start it, `sign-in-refused` (never worth a retry),
 * `mailbox-in-use`, `login-delay`, `server-busy` (later), and what dial throws.
 */
export async function connectPop3(endpoint: Endpoint, options: Pop3Options): Promise<Pop3Client> {
  const { clock, signal, transcript } = options;
  const transport = await options.dial(endpoint, signal === undefined ? { clock } : { clock, signal });
  const where = addressOf(endpoint);
  const talk = new Conversation(transport, { clock, timeoutMs: endpoint.timeoutMs, where, transcript });
  try {
    const banner = (await talk.greeting()).text;
    let capabilities = await askCapabilities(talk);
    if (endpoint.tls === 'explicit') {
      await startTls(talk);
      capabilities = await askCapabilities(talk);
    }
    if (capabilities.utf8) await askForOriginals(talk);
    await signIn(talk, { endpoint, capabilities, banner });
    capabilities = await askCapabilities(talk);
    return new SessionClient(talk, capabilities, options.pipelining !== false, options.window);
  } catch (error) {
    throw talk.fail(error as Error);
  }
}

/** Told before TLS, after TLS and after sign-in: each may differ and the last counts (RFC 2449 section 5). */
async function askCapabilities(talk: Conversation): Promise<Capabilities> {
  await talk.send({ verb: 'CAPA' });
  try {
    await talk.reply('CAPA');
  } catch (error) {
    if (error instanceof RefusedError) return NO_CAPABILITIES;
    throw error;
  }
  const lines: string[] = [];
  await talk.lines('CAPA', line => lines.push(line.toString('latin1')));
  return parseCapabilities(lines);
}

/** Else Courier gives a notice of its own in place of each mail with 8-bit octets in its header, anew for each RETR. */
async function askForOriginals(talk: Conversation): Promise<void> {
  await talk.send({ verb: 'UTF8' });
  try {
    await talk.reply('UTF8');
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
  }
}

/** Asked even when CAPA does not offer it: somebody may have struck it out on the way. */
async function startTls(talk: Conversation): Promise<void> {
  await talk.send({ verb: 'STLS' });
  try {
    await talk.reply('STLS');
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    throw new AppError('tls-refused', `${talk.where} does not start TLS: “${error.refusal.replyText}”`, {
      hint: 'Write `tls: implicit` (usually port 995); nothing was sent in clear text.',
      cause: error,
    });
  }
  await talk.startTls();
}
