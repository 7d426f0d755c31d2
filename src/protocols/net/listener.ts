// Accepts connections on this machine: for the sandbox's servers and for tests. Never used by a client.
import { connect, createServer, type Server } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { SocketTransport } from './socket.ts';
import type { DataTransport } from './transport.ts';

/** Key, certificate and options of the server's side of TLS. */
export type TlsServerContext = SecureContextOptions;

/** A server's side of a connection. */
export interface ServerTransport extends Omit<DataTransport, 'finish' | 'readFor'> {
  startTlsServer(context: TlsServerContext): Promise<void>;
}

export interface ListenOptions {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** Our direction stays open after the peer has ended its own; the owner calls end(). Default: it ends with the peer's. */
  readonly allowHalfOpen?: boolean;
  onConnection(transport: ServerTransport): void;
}

export interface Listener {
  readonly port: number;
  /** Stops listening; open connections stay until their owner closes them. */
  close(): Promise<void>;
}

/** Rejects with Node's error (`EADDRINUSE`, `EACCES`) when it cannot listen. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const allowHalfOpen = options.allowHalfOpen ?? false;
  const server: Server = createServer({ allowHalfOpen }, socket => options.onConnection(new SocketTransport(socket)));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as { port: number }).port,
    close: () => new Promise(resolve => server.close(() => resolve())),
  };
}

/** Opens a connection from a server to its client (FTP active mode). Rejects with Node's error. */
export async function connectBack(options: { readonly host: string; readonly port: number }): Promise<ServerTransport> {
  const socket = connect({ ...options, allowHalfOpen: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', resolve);
  });
  socket.removeAllListeners('error').removeAllListeners('connect');
  return new SocketTransport(socket);
}
