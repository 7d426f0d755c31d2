// Opens TCP connections: addresses raced (RFC 8305), through a proxy where there is one, failures in words a person can act on.
import { connect, type NetConnectOpts, type OnReadOpts, type Socket } from 'node:net';
import { type Clock, cancelled } from '../../core/clock.ts';
import { AppError, type AppErrorOptions, BrokenSessionError } from '../../core/errors.ts';
import { addressOf, type Endpoint } from './endpoint.ts';
import { askProxy, proxyStuck } from './proxy.ts';

const NEXT_ADDRESS_MS = 250;

/**
 * A connection to `host:port`, by the proxy of the endpoint if it has one. Aborting `signal` ends the attempt. `onread`, for endpoints without
 * a proxy: where it receives into.
 */
export async function openSocket(
  host: string,
  port: number,
  endpoint: Pick<Endpoint, 'timeoutMs' | 'proxy'>,
  clock: Clock,
  signal?: AbortSignal,
  onread?: OnReadOpts,
): Promise<Socket> {
  const { proxy, timeoutMs } = endpoint;
  if (proxy === undefined) return openDirectly(host, port, endpoint, clock, signal, onread);
  const socket = await openDirectly(proxy.host, proxy.port, endpoint, clock, signal);
  let reason: Error | undefined;
  const end = (why: Error) => {
    reason = why;
    socket.destroy();
  };
  const abort = () => end(signal === undefined ? new Error('aborted') : cancelled(signal));
  const timer = clock.after(timeoutMs, () => end(proxyStuck(proxy, { host, port }, timeoutMs)));
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await askProxy(socket, proxy, { host, port });
    return socket;
  } catch (error) {
    socket.on('error', () => undefined);
    socket.destroy();
    throw reason ?? error;
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', abort);
  }
}

/** The name of this machine, whatever a resolver says of it (RFC 6761 section 6.3), and where it is looked for. */
const LOCALHOST = 'localhost';
const LOOPBACK = ['127.0.0.1', '::1'];

async function openDirectly(
  host: string,
  port: number,
  { proxy, timeoutMs }: Pick<Endpoint, 'timeoutMs' | 'proxy'>,
  clock: Clock,
  signal: AbortSignal | undefined,
  onread?: OnReadOpts,
): Promise<Socket> {
  const role = proxy === undefined ? 'server' : 'proxy';
  const [first = host, second] = host.toLowerCase() === LOCALHOST ? LOOPBACK : [host];
  const open = (address: string) => openAt(address, { host, port, role, ms: timeoutMs, clock, signal, onread });
  return open(first).catch(error => {
    if (second === undefined || !(error instanceof AppError) || error.code !== 'connection-refused') throw error;
    return open(second).catch(other => Promise.reject(signal?.aborted ? other : error));
  });
}

/** Who is connected to, for messages. */
type Role = 'server' | 'proxy';

interface Wanted {
  /** As it is called in errors. */
  readonly host: string;
  readonly port: number;
  readonly role: Role;
  readonly ms: number;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly onread: OnReadOpts | undefined;
}

function openAt(address: string, { host, port, role, ms, clock, signal, onread }: Wanted): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const attempts = { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS };
    const socket = connect({ host: address, port, ...attempts, ...(onread === undefined ? {} : { onread }) } as NetConnectOpts);
    const settle = () => {
      timer.cancel();
      signal?.removeEventListener('abort', abort);
      socket.removeAllListeners('error').removeAllListeners('connect');
    };
    const fail = (error: Error) => {
      settle();
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const abort = () => fail(signal === undefined ? new Error('aborted') : cancelled(signal));
    const timer = clock.after(ms, () => fail(unanswered(host, port, ms, role)));
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('error', error => fail(connectFailure(error, host, port, role)));
    socket.once('connect', () => {
      settle();
      resolve(socket);
    });
  });
}

const CONNECT_ERRORS: Readonly<Record<string, readonly [code: string, text: string, hint: string]>> = {
  ENOTFOUND: ['host-not-found', 'there is no host of that name', 'Check the name of the host for a typing mistake.'],
  EAI_AGAIN: ['name-lookup-failed', 'the name could not be looked up just now', 'Check this machine’s network and DNS.'],
  ECONNREFUSED: ['connection-refused', 'nothing answers on that port', 'Check the port, and that the server runs there.'],
  ETIMEDOUT: ['connect-timed-out', 'no answer', 'Check host, port and firewall.'],
  EHOSTUNREACH: ['host-unreachable', 'the host cannot be reached', 'Check this machine’s network.'],
  ENETUNREACH: ['host-unreachable', 'the network cannot be reached', 'Check this machine’s network.'],
};

/** Node’s error of a connection that did not come about, in our words; worth another try unless there is no such host. */
export function connectFailure(error: Error, host: string, port: number, role: Role = 'server'): AppError {
  const single = error instanceof AggregateError && error.errors.length > 0 ? (error.errors[0] as Error) : error;
  const errno = (single as NodeJS.ErrnoException).code ?? '';
  const [code, text, hint] = CONNECT_ERRORS[errno] ?? ['connect-failed', single.message, 'Check host, port and network.'];
  const retry = errno === 'ENOTFOUND' ? 'never' : 'reconnect';
  return unconnected(code, { host, port, role }, text, { retry, hint, cause: single });
}

/** `connect-timed-out` after `ms` milliseconds. */
export function unanswered(host: string, port: number, ms: number, role: Role = 'server'): BrokenSessionError {
  const hint = 'Check host, port and firewall.';
  return unconnected('connect-timed-out', { host, port, role }, `no answer within ${ms / 1000} s`, { hint });
}

function unconnected(
  code: string,
  { role, ...place }: Pick<Wanted, 'host' | 'port' | 'role'>,
  why: string,
  options: AppErrorOptions,
): BrokenSessionError {
  const message = `cannot connect to ${role === 'proxy' ? 'the proxy ' : ''}${addressOf(place)}: ${why}`;
  const hint = 'Check `proxy` of the connection, and that the proxy runs.';
  return new BrokenSessionError(code, message, role === 'proxy' ? { ...options, hint } : options);
}
