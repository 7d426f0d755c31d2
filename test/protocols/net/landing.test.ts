// A download under TLS into one buffer: records that came together are read together, every byte in its place, none lost at the end.
import { expect, it } from 'vitest';
import { nextTurn } from '../../../src/core/clock.ts';
import { dial } from '../../../src/protocols/net/dial.ts';
import { Landing } from '../../../src/protocols/net/landing.ts';
import type { ServerTransport } from '../../../src/protocols/net/listener.ts';
import type { DataTransport } from '../../../src/protocols/net/transport.ts';
import { openData } from '../../support/open-data.ts';
import { certificates, endpoint, greetOverTls, serve } from './peers.ts';

const CONTENT = Buffer.from(Array.from({ length: 2 * 1024 * 1024 + 7 }, (_, at) => (at * 7 + (at >> 14)) % 251));
const RECORD_BYTES = 16 * 1024;

/** A data connection, under TLS, to a server that does `send` on it. */
async function data(send: (peer: ServerTransport) => Promise<void>, landing: Landing): Promise<DataTransport> {
  let connections = 0;
  const port = await serve(async peer => {
    connections += 1;
    if (connections === 1) return greetOverTls(peer);
    await peer.startTlsServer(certificates.tls);
    await send(peer);
  });
  const control = await dial(endpoint(port, 'implicit'));
  const transport = await openData(control, port, landing);
  await transport.startTls();
  return transport;
}

async function readAll(transport: DataTransport, pause: () => Promise<void>): Promise<readonly Buffer[]> {
  const chunks: Buffer[] = [];
  for (let chunk = await transport.read(); chunk !== undefined; chunk = await transport.read()) {
    await pause();
    chunks.push(Buffer.from(chunk));
  }
  transport.close();
  return chunks;
}

const sendAll = async (peer: ServerTransport) => {
  await peer.write(CONTENT);
  await peer.end();
};

it.each([
  ['at once', async () => undefined],
  ['later', nextTurn],
])('is whole, in larger chunks than records, none larger than the buffer, when each is taken %s', async (_, pause) => {
  const landing = new Landing(100_000);
  const chunks = await readAll(await data(sendAll, landing), pause);
  expect(Buffer.concat(chunks).equals(CONTENT)).toBe(true);
  const sizes = chunks.map(({ length }) => length);
  expect(Math.max(...sizes)).toBeGreaterThan(RECORD_BYTES);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(landing.bytesMax);
});

it('gives a record as it is where the buffer is too small for two', async () => {
  const chunks = await readAll(await data(sendAll, new Landing(1_000)), nextTurn);
  expect(Buffer.concat(chunks).equals(CONTENT)).toBe(true);
  expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThanOrEqual(RECORD_BYTES);
});

it('gives what came before the end, also when that is full records', async () => {
  const end = async (peer: ServerTransport) => {
    await peer.write(CONTENT.subarray(0, RECORD_BYTES));
    await peer.end();
  };
  const chunks = await readAll(await data(end, new Landing(100_000)), nextTurn);
  expect(Buffer.concat(chunks).equals(CONTENT.subarray(0, RECORD_BYTES))).toBe(true);
});

it('ends with an error when it is cut', async () => {
  const cut = async (peer: ServerTransport) => {
    await peer.write(CONTENT.subarray(0, 10 * RECORD_BYTES));
    peer.reset();
  };
  await expect(readAll(await data(cut, new Landing(100_000)), nextTurn)).rejects.toMatchObject({ code: 'connection-cut' });
});
