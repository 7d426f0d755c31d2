// Our SMTP client against postfix: STARTTLS and sign-in, and what was accepted is in the Maildir, octet for octet.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { Secret } from '../../src/core/secret.ts';
import { dial } from '../../src/protocols/net/dial.ts';
import { connectSmtp, type SmtpClient } from '../../src/protocols/smtp/index.ts';
import { endpointOf } from './endpoint.ts';
import { sampleMessages, sha256, withLf } from './mail-samples.ts';
import { describeReal } from './require.ts';
import { type PostfixServer, startPostfix } from './servers.ts';

const FROM = 'robot@example.test';

const WAYS = [
  { way: 'STARTTLS', tls: 'explicit', tlsVersion: '1.2' },
  { way: 'STARTTLS with TLS 1.3', tls: 'explicit', tlsVersion: '1.3' },
  { way: 'TLS from the start', tls: 'implicit', tlsVersion: '1.3' },
] as const;

describeReal.each('SMTP on postfix: $way', WAYS, ['postfix', 'dovecot'], ({ tls, tlsVersion }) => {
  let server: PostfixServer;
  let sent = 0;

  const connect = (password = server.password): Promise<SmtpClient> => {
    const port = tls === 'implicit' ? server.implicitPort : server.port;
    return connectSmtp(endpointOf(server, 'smtp', tls, { port, password: new Secret(password) }), { dial, clock: systemClock });
  };

  beforeAll(async () => {
    server = await startPostfix({ tlsVersion });
  });
  afterAll(() => server.stop());

  test('delivers every sample over one session, bodies octet for octet', async () => {
    const samples = sampleMessages();
    const client = await connect();
    for (const sample of samples) {
      const result = await client.send({ from: FROM, to: [server.recipients[0]!] }, sample);
      expect(result.outcome).toBe('accepted');
    }
    await client.quit();
    sent += samples.length;
    const delivered = await server.delivered(sent);
    expect(delivered.map(bodySum).sort()).toEqual(samples.map(sample => bodySum(withLf(sample))).sort());
  });

  test('streams a message of unknown length', async () => {
    const [sample = Buffer.alloc(0)] = sampleMessages().slice(-1);
    const client = await connect();
    const result = await client.send({ from: FROM, to: [server.recipients[0]!] }, pieces(sample, 1_000));
    expect(result.outcome).toBe('accepted');
    await client.quit();
    sent += 1;
    const sums = (await server.delivered(sent)).map(bodySum);
    expect(sums.filter(sum => sum === bodySum(withLf(sample))).length).toBe(2);
  });

  test('says for each recipient whether it was accepted', async () => {
    const client = await connect();
    const to = [server.recipients[0]!, 'nobody@example.test', server.recipients[1]!];
    const result = await client.send({ from: FROM, to }, Buffer.from('Subject: partial\r\n\r\nText\r\n'));
    expect(result.outcome).toBe('partial');
    expect(result.recipients.map(({ address, status }) => [address, status])).toEqual([
      [to[0], 'accepted'],
      [to[1], 'rejected'],
      [to[2], 'accepted'],
    ]);
    const none = await client.send({ from: FROM, to: ['nobody@example.test'] }, Buffer.from('Subject: none\r\n\r\nText\r\n'));
    expect(none.outcome).toBe('rejected');
    const again = await client.send({ from: FROM, to: [to[0]!] }, Buffer.from('Subject: after\r\n\r\nText\r\n'));
    expect(again.outcome).toBe('accepted');
    await client.quit();
    sent += 3;
    expect((await server.delivered(sent)).length).toBe(sent);
  });

  test('a wrong password is refused for good', async () => {
    await expect(connect('wrong-password')).rejects.toMatchObject({ code: 'sign-in-refused', retry: 'never' });
  });
});

/** Trace lines are postfix's; the body is ours. */
function bodySum(message: Buffer): string {
  return sha256(message.subarray(message.indexOf('\n\n') + 2));
}

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
