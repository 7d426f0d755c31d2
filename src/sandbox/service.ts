// One listening port of the sandbox: accepts connections, starts implicit TLS, runs a session on each, and ends them all.
import type { Clock } from '../core/clock.ts';
import { listen, type ServerTransport } from '../protocols/net/listener.ts';
import { Connection } from './connection.ts';
import type { ServerName } from './fault-points.ts';
import { FaultBook } from './faults.ts';
import { withLatency } from './latency.ts';
import type { ServiceContext, ServiceOptions } from './service-options.ts';

export interface Service {
  readonly port: number;
  /** Stops listening and cuts every open connection. */
  close(): Promise<void>;
}

/** The only address that the sandbox listens on. */
export const SANDBOX_HOST = '127.0.0.1';

/** Open at once on one port; more are closed at once. */
const CONNECTIONS_MAX = 500;

/** How long a client may take to end its side after we have ended ours. */
const LINGER_MS = 5_000;

export async function startService(
  name: ServerName,
  options: ServiceOptions,
  session: (connection: Connection) => Promise<void>,
): Promise<Service> {
  const open = new Set<ServerTransport>();
  const closing = new AbortController();
  const context: ServiceContext = { ...options, faults: options.faults ?? new FaultBook(), signal: closing.signal };
  const listener = await listen({
    host: SANDBOX_HOST,
    port: options.port ?? 0,
    allowHalfOpen: true,
    onConnection: accepted => {
      if (open.size >= CONNECTIONS_MAX) return accepted.close();
      const transport = withLatency(accepted, options.clock, options.latencyMs ?? 0);
      open.add(transport);
      void serve(name, transport, context, session).finally(() => {
        transport.close();
        open.delete(transport);
      });
    },
  });
  return {
    port: listener.port,
    close: () => {
      closing.abort();
      for (const transport of open) transport.close();
      return listener.close();
    },
  };
}

async function serve(
  name: ServerName,
  transport: ServerTransport,
  context: ServiceContext,
  session: (connection: Connection) => Promise<void>,
): Promise<void> {
  const connection = new Connection(name, transport, context);
  try {
    const delayMs = connection.accept();
    if (context.implicitTls === true && context.tls !== undefined) await connection.startTls(context.tls);
    if (delayMs > 0) await connection.pause(delayMs);
    await session(connection);
    await linger(transport, context.clock);
  } catch (error) {
    context.onLine?.(name, 'note', `connection over: ${(error as Error).message}`);
  }
}

/** Ends our side and waits for the client's, so that no reset overtakes the last reply. */
async function linger(transport: ServerTransport, clock: Clock): Promise<void> {
  const timer = clock.after(LINGER_MS, () => transport.close());
  try {
    await transport.end();
    while ((await transport.read()) !== undefined);
  } finally {
    timer.cancel();
  }
}
