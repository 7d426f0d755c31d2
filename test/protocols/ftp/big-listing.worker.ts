// Lists one folder in a thread of its own, whose memory is limited, and says how many entries there were.
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../../src/core/clock.ts';
import { Secret } from '../../../src/core/secret.ts';
import { connectFtp } from '../../../src/protocols/ftp/index.ts';
import { dial } from '../../../src/protocols/net/dial.ts';

const { port } = workerData as { readonly port: number };
const client = await connectFtp(
  { name: 'big', type: 'ftp', host: '127.0.0.1', port, tls: 'none', user: 'me', password: new Secret('x'), timeoutMs: 60_000 },
  { dial, clock: systemClock },
);
const entries = await client.list('/');
await client.quit();
parentPort?.postMessage({ count: entries.length, bytes: entries.reduce((sum, { size = 0 }) => sum + size, 0) });
