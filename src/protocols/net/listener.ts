// Accepts connections on this machine: for the sandbox's servers and for tests. Never used by a client.
import { createServer, type Server } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { SocketTransport } from './socket.ts';
import type { Transport } from './transport.ts';

/** A server's side of a connection. */
export interface ServerTransport extends Transport {
  startTlsServer(context: SecureContextOptions): Promise<void>;
}

export interface ListenOptions {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  onConnection(transport: ServerTransport): void;
}

export interface Listener {
  readonly port: number;
  /** Stops listening; open connections stay until their owner closes them. */
  close(): Promise<void>;
}

/** Rejects with Node's error (`EADDRINUSE`, `EACCES`) when it cannot listen. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const server: Server = createServer(socket => options.onConnection(new SocketTransport(socket)));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as { port: number }).port,
    close: () => new Promise(resolve => server.close(() => resolve())),
  };
}
