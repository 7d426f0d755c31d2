// Opens a session ready for mail: greeting, EHLO (or HELO), TLS where it was asked for, sign-in. Never falls back to clear text.
import { hostname } from 'node:os';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Dial } from '../net/dial.ts';
import { addressOf, type Endpoint } from '../net/endpoint.ts';
import { type Transport, withDeadline } from '../net/transport.ts';
import type { Transcript } from '../wire/command.ts';
import { parseDomain } from './address.ts';
import { type SmtpClient, SmtpSessionClient, type Wishes } from './client.ts';
import { Conversation } from './conversation.ts';
import { SmtpSession } from './session.ts';
import { signIn } from './sign-in.ts';
import { refused, verdictOf } from './status.ts';
import { isWorthProving, rememberBatch, type ServerMemory, stepDown, techniqueFor } from './technique.ts';

export interface ConnectOptions {
  readonly dial: Dial;
  readonly clock: Clock;
  /** Aborting it closes the connection, now and later. */
  readonly signal?: AbortSignal;
  readonly transcript?: Transcript | undefined;
  /** What is remembered of this server between runs. */
  readonly memory?: ServerMemory;
  /** `tls: explicit` is not demanded of a server that does not offer it: between mail servers only. */
  readonly opportunistic?: boolean;
  /**
   * Many mails are to follow: a server far away, of which nobody knows whether whole mails may go in a window, is asked first, on a
   * session of its own. Only with `memory`.
   */
  readonly batch?: boolean;
  /** Speaks LMTP (RFC 2033), to a server that puts mail into mailboxes here and now. */
  readonly lmtp?: boolean;
}

/** Rejects with AppError; the connection is closed then. */
export async function connectSmtp(endpoint: Endpoint, options: ConnectOptions): Promise<SmtpClient> {
  const { dial, clock, signal, transcript } = options;
  const transport = await dial(endpoint, { clock, ...(signal === undefined ? {} : { signal }) });
  const lmtp = options.lmtp ?? endpoint.protocol === 'lmtp';
  const talk = new Conversation(transport, new SmtpSession({ lmtp }), {
    clock,
    timeoutMs: endpoint.timeoutMs,
    where: addressOf(endpoint),
    transcript,
  });
  try {
    const name = ownName(endpoint, transport);
    await greet(talk);
    let distanceMs = await hello(talk, clock, name);
    const skipsTls = options.opportunistic === true && !talk.session.extensions.startTls;
    if (endpoint.tls === 'explicit' && !skipsTls) distanceMs = await startTls(talk, clock, name);
    if (endpoint.user !== undefined) await signIn(talk, endpoint);
    const { memory, batch = false } = options;
    // Chunks are not for LMTP: each recipient has a verdict of its own there.
    const pace = await techniqueFor(talk.session.extensions, lmtp ? undefined : memory, clock, distanceMs);
    const client = new SmtpSessionClient(talk, pace, wishesOf(endpoint), () => stepDown(pace.technique, memory, clock));
    if (!batch || lmtp || memory === undefined) return client;
    if (!(await isWorthProving(talk.session.extensions, memory, clock, distanceMs))) return client;
    await rememberBatch((await client.proveChunking()) === 'proven', memory, clock);
    return await connectSmtp(endpoint, { ...options, batch: false });
  } catch (error) {
    throw talk.fail(error as Error);
  }
}

/** What the connection wants for every mail. A promise of TLS is worth nothing where this server itself is not verified. */
function wishesOf({ dsn, requireTls, tls, unauthenticated, name }: Endpoint): Wishes {
  if (requireTls === true && (tls === 'none' || unauthenticated === true)) {
    throw new AppError('requiretls-missing', `${name} wants TLS on the whole way, but does not verify the first server`, {
      hint: 'Use `tls: explicit` or `tls: implicit` with `host`, or take `require-tls` off the connection.',
    });
  }
  return {
    ...(dsn === undefined ? {} : { notify: { when: dsn.filter(word => word !== 'never'), returns: 'headers' } }),
    ...(requireTls === true ? { requireTls } : {}),
  };
}

/** The name for EHLO: the configured one, this machine's full name, or the address we speak from (RFC 5321 section 4.1.4). */
function ownName(endpoint: Endpoint, { local }: Transport): string {
  if (endpoint.hostname !== undefined) {
    const name = parseDomain(endpoint.hostname);
    if (name !== undefined) return name;
    throw new AppError('hostname-invalid', `${JSON.stringify(endpoint.hostname)} is no host name`, {
      hint: 'Write a full name like client.example.org in `hostname`.',
    });
  }
  const machine = parseDomain(hostname());
  if (machine?.includes('.')) return machine;
  const address = local.address.replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '');
  return parseDomain(address.includes(':') ? `[IPv6:${address}]` : `[${address}]`) ?? '[127.0.0.1]';
}

async function greet(talk: Conversation): Promise<void> {
  const { reply } = await talk.reply();
  if (reply.code === 220) return;
  throw refused('server-refused', `${talk.where} takes no mail from us`, 'connect', reply, {
    hint: 'Its answer says why; many servers take mail only from known networks, or at port 587.',
  });
}

/**
 * A server that does not know EHLO gets HELO, and is taken to offer nothing (RFC 5321 section 3.2). Resolves with how long the answer took
 * in ms, a round trip or more.
 */
async function hello(talk: Conversation, clock: Clock, name: string): Promise<number> {
  const asked = clock.elapsed();
  const ehlo = await talk.ask({ verb: 'EHLO', name });
  const tookMs = clock.elapsed() - asked;
  const final = verdictOf(ehlo.reply) === 'rejected' && !talk.session.lmtp ? await talk.ask({ verb: 'HELO', name }) : ehlo;
  if (final.reply.code === 250) return tookMs;
  throw refused('server-refused', `${talk.where} refused our greeting`, final.shown, final.reply, {
    hint: 'Some servers want a full host name: write one in `hostname` on the connection.',
  });
}

async function startTls(talk: Conversation, clock: Clock, name: string): Promise<number> {
  if (!talk.session.extensions.startTls) {
    throw new AppError('tls-refused', `${talk.where} does not offer TLS (STARTTLS)`, {
      hint: 'Use the port for submission (587), or `tls: implicit` with port 465. Nothing was sent in clear text.',
    });
  }
  const { reply } = await talk.ask({ verb: 'STARTTLS' });
  if (reply.code !== 220) {
    throw refused('tls-refused', `${talk.where} refused to start TLS`, 'STARTTLS', reply, {
      hint: 'Nothing was sent in clear text; try again later or ask the server’s operator.',
    });
  }
  await withDeadline(talk.transport, clock, talk.timeoutMs, `the TLS handshake (${talk.where})`, () => talk.transport.startTls());
  talk.session.secured();
  return hello(talk, clock, name);
}
