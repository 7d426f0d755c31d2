// Free ports on loopback for servers that must be told theirs.
import { createServer, type Server } from 'node:net';

/** As many different ports as asked for; held together until all are known, so that none is given twice. */
export async function freePorts(count: number, address = '127.0.0.1'): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => hold(address)));
  const ports = servers.map(server => (server.address() as { port: number }).port);
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))));
  return ports;
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

const RANGE_BASE = 20_000;
const RANGE_SIZE = 500;
const RANGES = 24;
let taken = process.pid;

/** Below the system's ephemeral ports (32768 and up); servers skip the ports of a range that others use. */
export function passiveRange(): PortRange {
  taken += 1;
  const first = RANGE_BASE + (taken % RANGES) * RANGE_SIZE;
  return { first, last: first + RANGE_SIZE - 1 };
}

function hold(address: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, address, () => resolve(server));
  });
}
