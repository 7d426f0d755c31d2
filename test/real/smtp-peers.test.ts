// Our SMTP client against exim4, dovecot's LMTP and postfix: many mails over one session, in windows, and into mailboxes directly.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { dial } from '../../src/protocols/net/dial.ts';
import {
  connectSmtp,
  type OutgoingMail,
  rememberChunking,
  type SendResult,
  type ServerMemory,
} from '../../src/protocols/smtp/index.ts';
import { endpointOf } from './endpoint.ts';
import { describeReal } from './require.ts';
import { binary } from './servers/binaries.ts';
import { type EximServer, startExim } from './servers/exim.ts';
import { freePorts } from './servers/ports.ts';
import { type DovecotServer, type PostfixServer, startDovecot, startPostfix } from './servers.ts';

const FROM = 'robot@example.test';

function memory(): ServerMemory {
  const values = new Map<string, unknown>();
  return { get: async key => values.get(key), put: async (key, value) => void values.set(key, value) };
}

function mails(count: number, to: readonly string[], label: string): readonly OutgoingMail[] {
  return Array.from({ length: count }, (_, index) => ({
    envelope: { from: FROM, to },
    message: Buffer.from(`Subject: ${label} ${index}\r\n\r\n.dot\r\n${'x'.repeat(index * 37)}\r\n`),
  }));
}

async function sendAll(
  client: Awaited<ReturnType<typeof connectSmtp>>,
  all: readonly OutgoingMail[],
): Promise<(SendResult | Error)[]> {
  const outcomes: (SendResult | Error)[] = [];
  await client.sendAll(all.values(), (_, outcome) => void outcomes.push(outcome));
  return outcomes;
}

const subjects = (delivered: readonly Buffer[], label: string) =>
  delivered.flatMap(mail => new RegExp(`^Subject: (${label} \\d+)`, 'm').exec(mail.toString('latin1'))?.[1] ?? []).sort();

describeReal('SMTP on exim4', ['exim'], () => {
  let server: EximServer;
  beforeAll(async () => {
    server = await startExim();
  });
  afterAll(() => server.stop());

  test('signs in under TLS and sends many mails over one session, each once', async () => {
    const client = await connectSmtp(endpointOf(server, 'smtp', 'explicit'), { dial, clock: systemClock });
    expect(client.technique).toBe('overlap');
    const all = mails(40, ['ops@example.test', 'nobody@example.test'], 'overlap');
    const outcomes = await sendAll(client, all);
    await client.quit();
    expect(outcomes.map(outcome => (outcome as SendResult).recipients.map(({ status }) => status).join(' '))).toEqual(
      all.map(() => 'accepted rejected'),
    );
    expect(subjects(await server.delivered(40), 'overlap').length).toBe(40);
  });

  test('proves chunking, and takes mails in a window, refused ones among them', async () => {
    const known = memory();
    const connect = () => connectSmtp(endpointOf(server, 'smtp', 'explicit'), { dial, clock: systemClock, memory: known });
    expect(await (await connect()).proveChunking()).toBe('proven');
    await rememberChunking(true, known, systemClock);
    const client = await connect();
    expect(client.technique).toBe('chunks');
    const good = mails(30, ['inbox@example.test'], 'chunk');
    const bad = mails(5, ['nobody@example.test'], 'refused');
    const outcomes = await sendAll(client, [...good.slice(0, 15), ...bad, ...good.slice(15)]);
    await client.quit();
    expect(outcomes.map(outcome => (outcome as SendResult).outcome)).toEqual([
      ...good.slice(0, 15).map(() => 'accepted'),
      ...bad.map(() => 'rejected'),
      ...good.slice(15).map(() => 'accepted'),
    ]);
    const delivered = await server.delivered(70);
    expect([subjects(delivered, 'chunk').length, subjects(delivered, 'refused').length]).toEqual([30, 0]);
  });
});

describeReal('SMTP on postfix, many mails', ['postfix', 'dovecot'], () => {
  let server: PostfixServer;
  beforeAll(async () => {
    server = await startPostfix();
  });
  afterAll(() => server.stop());

  test.each(['overlap', 'chunks'] as const)('%s: each once, refused ones among them', async technique => {
    const known = memory();
    const connect = () => connectSmtp(endpointOf(server, 'smtp', 'explicit'), { dial, clock: systemClock, memory: known });
    if (technique === 'chunks') {
      expect(await (await connect()).proveChunking()).toBe('proven');
      await rememberChunking(true, known, systemClock);
    }
    const client = await connect();
    expect(client.technique).toBe(technique);
    const all = [
      ...mails(20, [server.recipients[0] ?? ''], technique),
      ...mails(2, ['none@example.test'], 'refused'),
      ...mails(1, [server.recipients[1] ?? ''], `${technique}-last`),
    ];
    const outcomes = await sendAll(client, all);
    await client.quit();
    expect(outcomes.map(outcome => (outcome as SendResult).outcome).join(' ')).toBe(
      [...Array.from({ length: 20 }, () => 'accepted'), 'rejected', 'rejected', 'accepted'].join(' '),
    );
    const delivered = await server.delivered(technique === 'overlap' ? 21 : 42);
    expect([subjects(delivered, technique).length, subjects(delivered, `${technique}-last`).length]).toEqual([20, 1]);
  });
});

describeReal('LMTP on dovecot', ['dovecot', 'dovecot-lmtp'], () => {
  let server: DovecotServer;
  let port = 0;
  beforeAll(async () => {
    [port = 0] = await freePorts(1);
    server = await startDovecot({
      extra: [
        'protocols = pop3 lmtp',
        'postmaster_address = postmaster@example.test',
        'service lmtp {',
        `  executable = ${binary('/usr/lib/dovecot/lmtp')}`,
        '  inet_listener lmtp {',
        '    address = 127.0.0.1',
        `    port = ${port}`,
        '  }',
        '}',
      ],
    });
  });
  afterAll(() => server.stop());

  test('puts mail into the mailbox, with a verdict for each recipient', async () => {
    const { user: _, password: __, ...endpoint } = endpointOf(server, 'smtp', 'none', { port });
    const client = await connectSmtp(endpoint, { dial, clock: systemClock, lmtp: true });
    const outcomes = await sendAll(client, mails(3, ['a@example.test', 'b@example.test'], 'lmtp'));
    await client.quit();
    expect(outcomes).toMatchObject(
      Array.from({ length: 3 }, () => ({ outcome: 'accepted', recipients: [{ status: 'accepted' }, { status: 'accepted' }] })),
    );
    const box = readdirSync(join(server.root, 'new')).map(name => readFileSync(join(server.root, 'new', name)));
    expect(subjects(box, 'lmtp').length).toBe(6);
  });
});
