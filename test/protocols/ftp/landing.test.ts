// A download into one buffer: every byte in its place however it arrives and however slow its taker.
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeServer, type Peer } from './fake-server.ts';

const servers: FakeServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

const BYTES = 1_000;
const CONTENT = Buffer.from(Array.from({ length: 10 * BYTES + 7 }, (_, at) => at % 251));

/** Serves CONTENT in pieces of so many bytes. */
async function session(pieceBytes: number, end: (peer: Peer) => Promise<void> = async () => undefined) {
  const server = new FakeServer({
    async RETR(peer) {
      const data = await peer.data();
      for (let at = 0; at < CONTENT.length; at += pieceBytes) {
        await data.write(CONTENT.subarray(at, at + pieceBytes));
        await turn();
      }
      peer.reply('150 here');
      await end(peer);
      await data.end();
      peer.reply('226 done');
    },
  });
  servers.push(server);
  return server.connect();
}

describe.each([97, BYTES, CONTENT.length])('sent in pieces of %d bytes', pieceBytes => {
  it.each(['at once', 'later'])('is whole when each chunk is taken %s, and no chunk is larger than asked for', async when => {
    const client = await session(pieceBytes);
    const taken: Buffer[] = [];
    const places = new Set<ArrayBufferLike>();
    for await (const chunk of client.download('a', { fleetingBytes: BYTES })) {
      if (when === 'later') for (let turns = 0; turns < 3; turns++) await turn();
      expect(chunk.length).toBeLessThanOrEqual(BYTES);
      places.add(chunk.buffer);
      taken.push(Buffer.from(chunk));
    }
    expect(Buffer.concat(taken).equals(CONTENT)).toBe(true);
    expect(places.size).toBe(1);
  });
});

it('ends with an error, not with less, when the connection is cut', async () => {
  const client = await session(BYTES, async peer => {
    (await peer.data()).reset();
    peer.reply('426 cut');
  });
  const taken = async () => {
    for await (const chunk of client.download('a', { fleetingBytes: BYTES })) void chunk;
  };
  await expect(taken()).rejects.toMatchObject({ retry: 'reconnect' });
});

it('is of no size where text is converted', async () => {
  const client = await session(BYTES);
  const taken: Buffer[] = [];
  for await (const chunk of client.download('a', { fleetingBytes: BYTES, ascii: true })) taken.push(chunk);
  expect(Buffer.concat(taken).length).toBeGreaterThan(0);
});
