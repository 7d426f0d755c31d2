// Our POP3 client against dovecot: every message comes back octet for octet, over POP3S and over STLS.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { Secret } from '../../src/core/secret.ts';
import { dial } from '../../src/protocols/net/dial.ts';
import { connectPop3, type Pop3Client } from '../../src/protocols/pop3/index.ts';
import { endpointOf } from './endpoint.ts';
import { sampleMessages, sha256, withLf } from './mail-samples.ts';
import { describeReal } from './require.ts';
import { type DovecotServer, startDovecot } from './servers.ts';

const WAYS = [
  { way: 'POP3S', tls: 'implicit', tlsVersion: '1.2' },
  { way: 'STLS', tls: 'explicit', tlsVersion: '1.2' },
  { way: 'clear text', tls: 'none', tlsVersion: '1.2' },
  { way: 'POP3S with TLS 1.3 only', tls: 'implicit', tlsVersion: '1.3' },
] as const;

describeReal.each('POP3 on dovecot: $way', WAYS, ['dovecot'], ({ tls, tlsVersion }) => {
  const samples = sampleMessages();
  let server: DovecotServer;

  const connect = (): Promise<Pop3Client> => {
    const port = tls === 'implicit' ? server.implicitPort : server.port;
    return connectPop3(endpointOf(server, 'pop3', tls, { port }), { dial, clock: systemClock });
  };

  beforeAll(async () => {
    server = await startDovecot({ tlsVersion });
    for (const sample of samples) server.deliver(withLf(sample));
  });
  afterAll(() => server.stop());

  test('lists every message with its size and a unique id', async () => {
    const client = await connect();
    const listing = await client.listing();
    expect(listing.count).toBe(samples.length);
    expect([...listing.sizes.values()]).toEqual(samples.map(sample => sample.length));
    expect(new Set(listing.uids?.values()).size).toBe(samples.length);
    await client.quit();
  });

  test('retrieves one message at a time, octet for octet', async () => {
    const client = await connect();
    const sums: string[] = [];
    for (const number of samples.keys()) sums.push(sha256(await whole(client.retrieve(number + 1))));
    expect(sums).toEqual(samples.map(sha256));
    await client.quit();
  });

  test('retrieves them all pipelined, octet for octet', async () => {
    const client = await connect();
    const { sizes } = await client.listing();
    const sums: string[] = [];
    for await (const entry of client.retrieveMany([...sizes].map(([number, size]) => ({ number, size })))) {
      if (entry.body === undefined) throw entry.refusal;
      sums.push(sha256(await whole(entry.body)));
    }
    expect(sums).toEqual(samples.map(sha256));
    await client.quit();
  });

  test('shows the header and first lines of a message', async () => {
    const client = await connect();
    const top = (await whole(client.top(1, 0))).toString();
    expect(top).toBe('From: a@example.test\r\nSubject: sample 0\r\n\r\n');
    await client.quit();
  });

  test('deletes only with QUIT', async () => {
    const abandoned = await connect();
    await abandoned.delete(1);
    abandoned.close();
    const client = await connect();
    expect((await client.stat()).count).toBe(samples.length);
    await client.delete(samples.length);
    await client.quit();
    const after = await connect();
    expect((await after.stat()).count).toBe(samples.length - 1);
    await after.quit();
    server.deliver(withLf(samples.at(-1)!));
  });

  test('a wrong password is refused for good', async () => {
    const port = tls === 'implicit' ? server.implicitPort : server.port;
    const endpoint = endpointOf(server, 'pop3', tls, { port, password: new Secret('wrong-password') });
    await expect(connectPop3(endpoint, { dial, clock: systemClock })).rejects.toMatchObject({
      code: 'sign-in-refused',
      retry: 'never',
    });
    expect(server.log()).not.toContain('wrong-password');
  });
});

describeReal('POP3 on dovecot: trust', ['dovecot'], () => {
  test('a certificate for another name ends the connection before anything is said', async () => {
    const server = await startDovecot({ names: ['elsewhere.example'] });
    const endpoint = endpointOf(server, 'pop3', 'implicit', { port: server.implicitPort });
    await expect(connectPop3(endpoint, { dial, clock: systemClock })).rejects.toMatchObject({ code: 'tls-name-mismatch' });
    await server.stop();
  });
});

async function whole(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}
