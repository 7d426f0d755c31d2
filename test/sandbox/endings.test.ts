// How connections end: cut in the middle, closed with the server, and TLS with a proper goodbye.
import { stat } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { LineClient } from './line-client.ts';
import { openData, type Playground, playground } from './playground.ts';

let place: Playground;
afterEach(() => place.close());

/** Resolves when the log says so; every line is a turn. */
async function logged(pattern: RegExp, times = 1): Promise<void> {
  while (place.log.filter(line => pattern.test(line)).length < times) await new Promise(resolve => setImmediate(resolve));
}

it('a cut control connection ends its transfer and leaves what came', async () => {
  place = await playground();
  const client = await place.ftp();
  const data = await openData(client);
  expect(await client.say('STOR half')).toMatch(/^150/);
  data.send('half');
  const file = join(place.sandbox.siteDir, 'half');
  while ((await stat(file)).size === 0) await new Promise(resolve => setImmediate(resolve));
  client.reset();
  await data.rest();
  await logged(/^ftp note connection over/);
  expect((await stat(file)).size).toBe(4);
});

it('a cut POP3 session gives the mailbox back and deletes nothing', async () => {
  place = await playground();
  await place.sandbox.mailbox.add(Buffer.from('Subject: x\r\n\r\n'));
  const client = await place.pop3();
  await client.say('DELE 1');
  client.reset();
  await logged(/^pop3 note connection over/);
  expect(await (await place.pop3()).say('STAT')).toMatch(/^\+OK 1 /);
});

it('a delay ends with the sandbox', async () => {
  place = await playground(['smtp:EHLO=delay:1d']);
  const client = await place.client('smtp');
  client.send('EHLO x\r\n');
  await logged(/fault smtp:EHLO/);
  await place.sandbox.close();
  await logged(/^smtp note connection over/);
  expect(await client.rest()).toHaveLength(0);
});

it('a data connection under TLS 1.3 ends with close_notify, however short the data', async () => {
  place = await playground();
  const { caFile } = place.sandbox;
  const client = await place.client('ftps');
  await client.say('USER nora', 'PASS p w:ü', 'PBSZ 0', 'PROT P');
  for (const command of ['NLST', 'MLSD']) {
    const port = Number(/\|\|\|(\d+)\|/.exec(await client.say('EPSV'))?.[1]);
    const sniffer = await sniff(port);
    const data = await LineClient.connect(sniffer.port);
    expect(await client.say(command)).toMatch(/^150/);
    await data.startTls(caFile);
    await data.rest();
    expect(await client.reply()).toMatch(/^226/);
    expect(sniffer.heard().subarray(-24, -19).toString('hex'), 'an encrypted alert').toBe('1703030013');
    data.close();
    sniffer.close();
  }
});

/** Passes one connection on and keeps what the server says. */
async function sniff(target: number): Promise<{ readonly port: number; heard(): Buffer; close(): void }> {
  let heard = Buffer.alloc(0);
  const server = createServer({ allowHalfOpen: true }, client => {
    const upstream = connect({ host: '127.0.0.1', port: target, allowHalfOpen: true });
    upstream.on('data', chunk => {
      heard = Buffer.concat([heard, chunk as Buffer]);
    });
    upstream.on('error', () => undefined);
    client.on('error', () => undefined);
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as { port: number }).port, heard: () => heard, close: () => server.close() };
}
