// Free ports on loopback for servers that must be told theirs.
import { randomInt } from 'node:crypto';
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

/** Ports that the system gives to no outgoing connection, which would be in the way between being found free and being listened on. */
const PORTS_FIRST = 10_000;
const TRIES_MAX = 100;

async function hold(address: string, tries = TRIES_MAX): Promise<Server> {
  const server = createServer();
  try {
    return await new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(randomInt(PORTS_FIRST, RANGE_BASE), address, () => resolve(server));
    });
  } catch (error) {
    if (tries <= 1 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return hold(address, tries - 1);
  }
}
