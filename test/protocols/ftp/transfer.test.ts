// What a transfer makes of a session that ends at an odd moment.
import { expect, it } from 'vitest';
import { CancelledError } from '../../../src/core/errors.ts';
import { Running } from '../../../src/protocols/ftp/running.ts';
import { Transfer, type TransferContext } from '../../../src/protocols/ftp/transfer.ts';
import type { DataTransport } from '../../../src/protocols/net/transport.ts';

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
