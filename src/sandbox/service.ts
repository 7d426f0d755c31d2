// One listening port of the sandbox: accepts connections, starts implicit TLS, runs a session on each, and ends them all.
import type { Clock } from '../core/clock.ts';
import { listen, type ServerTransport } from '../protocols/net/listener.ts';
import { Connection } from './connection.ts';
import type { ServerName } from './fault-points.ts';
import { FaultBook } from './faults.ts';
import { withLatency } from './latency.ts';
import type { ServiceOptions } from './service-options.ts';

export interface Service {
  readonly port: number;
  /** Stops listening and cuts every open connection. */
  close(): Promise<void>;
}

/** The only address that the sandbox listens on. */
export const SANDBOX_HOST = '127.0.0.1';

/** How long a client may take to end its side after we have ended ours. */
const LINGER_MS = 5_000;

export async function startService(
  name: ServerName,
  options: ServiceOptions,
  session: (connection: Connection) => Promise<void>,
): Promise<Service> {
  const open = new Set<ServerTransport>();
  const faults = options.faults ?? new FaultBook();
  const listener = await listen({
    host: SANDBOX_HOST,
    port: options.port ?? 0,
    allowHalfOpen: true,
    onConnection: accepted => {
      const transport = withLatency(accepted, options.clock, options.latencyMs ?? 0);
      open.add(transport);
      void serve(name, transport, { ...options, faults }, session).finally(() => {
        transport.close();
        open.delete(transport);
      });
    },
  });
  return {
    port: listener.port,
    close: () => {
      for (const transport of open) transport.close();
      return listener.close();
    },
  };
}

async function serve(
  name: ServerName,
  transport: ServerTransport,
  options: ServiceOptions & { readonly faults: FaultBook },
  session: (connection: Connection) => Promise<void>,
): Promise<void> {
  const connection = new Connection(name, transport, options);
  try {
    const delayMs = connection.accept();
    if (options.implicitTls === true && options.tls !== undefined) await connection.startTls(options.tls);
    if (delayMs > 0) await options.clock.sleep(delayMs);
    await session(connection);
    await linger(transport, options.clock);
  } catch (error) {
    options.onLine?.(name, 'note', `connection over: ${(error as Error).message}`);
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
