// What a transfer makes of a session that ends at an odd moment.
import { expect, it } from 'vitest';
import { nextTurn } from '../../../src/core/clock.ts';
import { CancelledError } from '../../../src/core/errors.ts';
import { Running } from '../../../src/protocols/ftp/running.ts';
import { Transfer, type TransferContext } from '../../../src/protocols/ftp/transfer.ts';
import type { DataTransport } from '../../../src/protocols/net/transport.ts';
import { FakeServer, type Peer } from './fake-server.ts';

it('hears that the session has died between the last byte and its end', () => {
  const control = { failure: undefined as Error | undefined, where: 'x:21', watch: () => ({ cancel: () => undefined }) };
  const context = {
    control: { ...control, trust: { lingersNot: () => undefined } },
    channels: { follow: () => undefined },
    endpoint: { tls: 'none', timeoutMs: 1_000 },
  };
  const data = { close: () => undefined } as DataTransport;
  const running = new Running('RETR a');
  const channel = { data, connect: () => Promise.resolve(data), discard: () => undefined };
  const transfer = new Transfer(context as unknown as TransferContext, { channel, running, folded: false });
  const reason = new CancelledError();
  context.control.failure = reason;
  running.fail(reason);
  const told: unknown[] = [];
  transfer.received(1, true, error => told.push(error));
  expect(told).toEqual([reason]);
});

it('ends with its session though the server has said yes before the end of the data', async () => {
  const RETR = async (peer: Peer) => {
    const data = await peer.data();
    peer.reply('150 here', '226 done');
    await data.write(Buffer.from('a'));
  };
  const server = new FakeServer({ RETR });
  const client = await server.connect();
  try {
    const begun = Promise.withResolvers<void>();
    const received = client.receive('/a', () => begun.resolve());
    received.catch(() => undefined);
    await begun.promise;
    while (!server.transcript.includes('< 226 done')) await nextTurn();
    const reason = new CancelledError('enough');
    client.close(reason);
    await expect(received).rejects.toBe(reason);
  } finally {
    await server.stop();
  }
});
