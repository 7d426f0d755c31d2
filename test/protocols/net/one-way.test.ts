// Data connections in clear that go one way, one after the other on one socket of Node: each is as a new one would be.
import { afterEach, expect, it } from 'vitest';
import { nextTurn } from '../../../src/core/clock.ts';
import { dial } from '../../../src/protocols/net/dial.ts';
import { Landing } from '../../../src/protocols/net/landing.ts';
import type { ServerTransport } from '../../../src/protocols/net/listener.ts';
import type { ControlTransport, DataTransport, DataUse } from '../../../src/protocols/net/transport.ts';
import { openData } from '../../support/open-data.ts';
import { endpoint, greet, serve } from './peers.ts';

/** Larger than what the systems on both sides hold for a peer that does not read. */
const MUCH = Buffer.alloc(32 * 1024 * 1024, 'much');

const controls: ControlTransport[] = [];
afterEach(() => {
  for (const control of controls.splice(0)) control.close();
});

/** The first connection is the control connection; each other one is for `onData`. */
async function session(onData: (peer: ServerTransport, count: number) => Promise<void>) {
  let connections = 0;
  const port = await serve(peer => {
    connections += 1;
    return connections === 1 ? greet(peer) : onData(peer, connections - 1);
  });
  const control = await dial(endpoint(port, 'none'));
  controls.push(control);
  return { control, open: (use: DataUse) => openData(control, port, use, true) };
}

function finished(data: DataTransport, last: Buffer): Promise<void> {
  return new Promise((resolve, reject) => data.finish(last, error => (error === undefined ? resolve() : reject(error))));
}

async function readAll(transport: Pick<ServerTransport, 'read'>): Promise<string> {
  const chunks: Buffer[] = [];
  for (let chunk = await transport.read(); chunk !== undefined; chunk = await transport.read()) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

/** A session whose server keeps what it is sent, in the order of the connections; each ends with `cut` when it was. */
async function receiver() {
  const got: Promise<string>[] = [];
  const opened = await session(async peer => {
    got.push(readAll(peer).catch(() => 'cut'));
  });
  return { ...opened, got };
}

it.each(['at once', 'a turn later'])('files are sent whole when the next connection is wanted %s', async when => {
  const { open, got } = await receiver();
  for (const text of ['one', 'two', '', 'four']) {
    const data = await open('sending');
    await finished(data, Buffer.from(text));
    if (when === 'a turn later') await nextTurn();
  }
  await expect.poll(() => got.length).toBe(4);
  expect(await Promise.all(got)).toEqual(['one', 'two', '', 'four']);
});

it('files are received whole, each from the beginning of the buffer', async () => {
  const landing = new Landing(1_000);
  const { open } = await session(async (peer, count) => {
    await peer.write(Buffer.alloc(count * 300, String(count)));
    await peer.end();
  });
  for (const count of [1, 2, 3, 4]) {
    const data = await open(landing);
    const first = await data.read();
    expect(first?.byteOffset).toBe(landing.buffer.byteOffset);
    expect(`${first}${await readAll(data)}`).toBe(String(count).repeat(count * 300));
    data.close();
    await nextTurn();
  }
});

it('a small buffer serves small files, and a large one those that fill it', async () => {
  const landing = new Landing(512 * 1024);
  const small = landing.buffer.length;
  const { open } = await session(async (peer, count) => {
    await peer.write(count === 1 ? Buffer.alloc(small - 1, 'small') : MUCH);
    await peer.end();
  });
  expect((await readAll(await open(landing))).length).toBe(small - 1);
  expect(landing.buffer.length).toBe(small);
  const data = await open(landing);
  expect(await readAll(data)).toBe(MUCH.toString());
  expect(landing.buffer.length).toBe(512 * 1024);
});

it('one that sends follows one that receives, and the other way round', async () => {
  const got: string[] = [];
  const { open } = await session(async (peer, count) => {
    if (count % 2 === 0) got.push(await readAll(peer));
    else await peer.end(Buffer.from('down'));
  });
  for (let times = 0; times < 2; times++) {
    const down = await open(new Landing(100));
    expect(await readAll(down)).toBe('down');
    down.close();
    await finished(await open('sending'), Buffer.from('up'));
  }
  await expect.poll(() => got).toEqual(['up', 'up']);
});

it.each(['close', 'reset'] as const)('a late %s() of one that is over leaves the next one alone', async end => {
  const { open, got } = await receiver();
  const first = await open('sending');
  await finished(first, Buffer.from('one'));
  await nextTurn();
  const second = await open('sending');
  first[end]();
  expect(first.local).toEqual({ address: '', port: 0 });
  await expect(first.write(Buffer.from('late'))).rejects.toMatchObject({ code: 'cancelled' });
  await second.write(Buffer.from('tw'));
  await finished(second, Buffer.from('o'));
  await expect.poll(() => got.length).toBe(2);
  expect(await Promise.all(got)).toEqual(['one', 'two']);
});

it('a connection follows one that was reset while much of it waited to be sent, with nothing of that in it', async () => {
  const got: Promise<string>[] = [];
  const { open } = await session(async (peer, count) => {
    // Nobody reads what comes on the first.
    if (count > 1) got.push(readAll(peer));
  });
  const first = await open('sending');
  const writing = first.write(MUCH);
  first.reset(new Error('given up'));
  await expect(writing).rejects.toThrow('given up');
  await nextTurn();
  const second = await open('sending');
  await finished(second, Buffer.from('two'));
  await expect.poll(() => got.length).toBe(1);
  expect(await got[0]).toBe('two');
});

it('a connection follows one that the peer cut, and one that could not be had', async () => {
  const first = Promise.withResolvers<ServerTransport>();
  const { control, open } = await session(async (peer, count) => {
    if (count === 1) first.resolve(peer);
    else await peer.end(Buffer.from('whole'));
  });
  const landing = new Landing(100);
  const cut = await open(landing);
  (await first.promise).reset();
  await expect(cut.read()).rejects.toMatchObject({ code: 'connection-cut' });
  cut.close();
  await nextTurn();
  await expect(openData(control, 1, landing, true)).rejects.toMatchObject({ code: 'connection-refused' });
  await nextTurn();
  expect(await readAll(await open(landing))).toBe('whole');
});

it('what waits to be sent leaves before the end, and whoever waits for that is told', async () => {
  const { open, got } = await receiver();
  for (let times = 0; times < 2; times++) await finished(await open('sending'), MUCH);
  const texts = await Promise.all(got);
  expect(texts.map(({ length }) => length)).toEqual([MUCH.length, MUCH.length]);
});
