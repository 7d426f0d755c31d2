// A TCP relay in front of a server, whose connections can be cut: the server has gone for its clients, and comes back.
import { connect, createServer, type Socket } from 'node:net';

export interface Relay {
  readonly port: number;
  /** Connections so far. */
  readonly count: number;
  /** Ends every connection at once, with RST. */
  cut(): void;
  close(): Promise<void>;
}

export async function startRelay(to: { readonly host: string; readonly port: number }): Promise<Relay> {
  const open = new Set<Socket>();
  let count = 0;
  const server = createServer(client => {
    count += 1;
    const upstream = connect(to.port, to.host);
    for (const [from, into] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from
        .on('error', () => into.destroy())
        .on('close', () => {
          open.delete(from);
          into.destroy();
        });
      from.pipe(into);
    }
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  const cut = () => {
    for (const socket of open) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as { port: number }).port,
    get count() {
      return count;
    },
    cut,
    close: () => {
      cut();
      return new Promise(done => server.close(() => done()));
    },
  };
}
