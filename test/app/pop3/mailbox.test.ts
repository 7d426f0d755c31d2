// What `pop3 list` asks a server for: the headers of many messages in few round trips, each with its own message.
import { afterEach, expect, it } from 'vitest';
import { listMessages } from '../../../src/app/pop3/mailbox.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { dial } from '../../../src/protocols/net/dial.ts';
import { connectPop3 } from '../../../src/protocols/pop3/index.ts';
import { type FakeOptions, FakePop3 } from '../../protocols/pop3/fake-server.ts';
import { RoundTrips } from '../../support/round-trips.ts';

const servers: FakePop3[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

const mails = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    uid: `u${i + 1}`,
    octets: Buffer.from(`From: Ann <ann@example.org>\r\nSubject: mail ${i + 1}\r\n\r\n${'x'.repeat(i)}\r\n`),
  }));

async function connect(options: FakeOptions) {
  const server = await new FakePop3(options).start();
  servers.push(server);
  const trips = new RoundTrips();
  const client = await connectPop3(server.endpoint(), { dial: trips.over(dial), clock: systemClock });
  const before = trips.count;
  return { server, client, trips: () => trips.count - before };
}

it('lists 200 messages within 8 round trips; a server that does not pipeline takes one each', async () => {
  const messages = mails(200);
  const { client, trips } = await connect({ messages });
  const rows = await listMessages(client, 1_000);
  expect(rows.map(({ number, uid, subject }) => `${number} ${uid} ${subject}`)).toEqual(
    messages.map(({ uid }, i) => `${i + 1} ${uid} mail ${i + 1}`),
  );
  expect(rows[0]).toMatchObject({ from: 'Ann <ann@example.org>', size: messages[0]?.octets.length });
  expect(trips()).toBeLessThanOrEqual(8);
  const slow = await connect({ messages, capabilities: ['UIDL', 'TOP'] });
  expect(await listMessages(slow.client, 1_000)).toEqual(rows);
  expect(slow.trips()).toBe(203);
});

it('asks for the newest only, and leaves the headers out where the server has no TOP or refuses one', async () => {
  const some = await connect({ messages: mails(5), answer: line => (line === 'TOP 4 0' ? '-ERR gone\r\n' : undefined) });
  const rows = await listMessages(some.client, 2);
  expect(rows.map(({ number, subject }) => [number, subject])).toEqual([
    [4, undefined],
    [5, 'mail 5'],
  ]);
  expect(some.server.commands.filter(line => line.startsWith('TOP'))).toEqual(['TOP 4 0', 'TOP 5 0']);
  const none = await connect({ messages: mails(2), capabilities: ['UIDL', 'PIPELINING'] });
  expect((await listMessages(none.client, 9)).map(({ uid }) => uid)).toEqual(['u1', 'u2']);
});

it('gives no header to the wrong message when a server answers twice', async () => {
  const twice = '+OK\r\nSubject: again\r\n\r\n.\r\n'.repeat(2);
  const { client } = await connect({ messages: mails(9), answer: line => (line === 'TOP 3 0' ? twice : undefined) });
  await expect(listMessages(client, 9)).rejects.toMatchObject({ code: 'protocol-broken' });
});

it('reads of an endless header the beginning', async () => {
  const endless = Buffer.from(`Subject: long\r\n${`X-Y: ${'z'.repeat(900)}\r\n`.repeat(400)}\r\n`);
  const { client } = await connect({ messages: [{ uid: 'e', octets: endless }, ...mails(1)] });
  expect((await listMessages(client, 9)).map(({ subject }) => subject)).toEqual(['long', 'mail 1']);
});
