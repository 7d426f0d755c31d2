// Every fault action, at the points where users rehearse it.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/core/clock.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { LineClient } from './line-client.ts';
import { fetchData, openData, type Playground, playground, sendData } from './playground.ts';

let place: Playground;
afterEach(() => place.close());

const MAIL = Buffer.from(`Subject: x\r\n\r\n${'0123456789'.repeat(80)}\r\n`);
const ended = async (client: LineClient) => (await client.rest()).toString('latin1');

/** A clock whose sleeps end at once and are written down. */
function hastyClock(slept: number[]): Clock {
  return {
    ...systemClock,
    sleep: ms => {
      slept.push(ms);
      return Promise.resolve();
    },
  };
}

describe('ftp', () => {
  it('STOR#2=cut cuts at the second STOR, before it has any effect', async () => {
    place = await playground(['ftp:STOR#2=cut']);
    const client = await place.ftp();
    expect(await sendData(client, 'STOR one', '1')).toMatch(/^226/);
    await openData(client);
    client.send('STOR two\r\n');
    expect(await ended(client)).toBe('');
    await expect(stat(join(place.sandbox.siteDir, 'two'))).rejects.toThrow();
    const again = await place.ftp();
    expect(await sendData(again, 'STOR two', '2')).toMatch(/^226/);
    expect(place.log).toContain('ftp note fault ftp:STOR#2=cut');
  });

  it('data@1000=cut cuts the data connection alone', async () => {
    place = await playground(['ftp:data@1000=cut']);
    const client = await place.ftp();
    expect(await sendData(client, 'STOR big', Buffer.alloc(5_000, 1))).toMatch(/^426/);
    expect((await stat(join(place.sandbox.siteDir, 'big'))).size).toBe(1_000);
    expect(await sendData(client, 'STOR big', Buffer.alloc(5_000, 1))).toMatch(/^226/);
  });

  it('RETR@1000=cut cuts both connections', async () => {
    place = await playground(['ftp:RETR@1000=cut']);
    const client = await place.ftp();
    await client.say('TYPE I');
    await sendData(client, 'STOR big', Buffer.alloc(200_000, 1));
    const data = await openData(client);
    expect(await client.say('RETR big')).toMatch(/^150/);
    expect((await data.rest()).length).toBeLessThanOrEqual(1_000);
    expect(await ended(client)).toBe('');
  });

  it('data@N=garble spoils bytes and says nothing', async () => {
    place = await playground(['ftp:data@10=garble']);
    const client = await place.ftp();
    await client.say('TYPE I');
    expect(await sendData(client, 'STOR spoiled', Buffer.alloc(100, 1))).toMatch(/^226/);
    const kept = await readFile(join(place.sandbox.siteDir, 'spoiled'));
    expect(kept.length).toBe(100);
    expect([...kept.subarray(8, 28)]).toEqual([1, 1, ...Array(16).fill(0x81), 1, 1]);
  });

  it('full refuses an upload at once or in its middle', async () => {
    place = await playground(['ftp:STOR=full', 'ftp:STOR#2@500=full']);
    const client = await place.ftp();
    expect(await sendData(client, 'STOR a', 'x')).toMatch(/^452/);
    expect(await sendData(client, 'STOR a', Buffer.alloc(5_000))).toMatch(/^452/);
    expect(await sendData(client, 'STOR a', Buffer.alloc(5_000))).toMatch(/^226/);
  });

  it('reply replaces the answer, refuse says 550, data=refuse says 425', async () => {
    place = await playground(['ftp:MKD=reply:450 later', 'ftp:DELE=refuse', 'ftp:data=refuse', 'ftp:NOOP=reply:421 going down']);
    const client = await place.ftp();
    expect(await client.say('MKD x')).toBe('450 later');
    expect(await client.say('MKD x')).toMatch(/^257/);
    expect(await client.say('DELE y')).toMatch(/^550 Refused/);
    expect((await fetchData(client, 'NLST')).reply).toMatch(/^425/);
    expect((await fetchData(client, 'NLST')).reply).toMatch(/^226/);
    expect(await client.say('NOOP')).toBe('421 going down');
    expect(await ended(client)).toBe('');
  });

  it('*=split sends replies byte by byte', async () => {
    place = await playground(['ftp:*=split']);
    const client = await place.ftp();
    expect(await client.say('FEAT')).toMatch(/^211-Features:\n.*\n211 End\.$/s);
    expect(client.chunks.length).toBeGreaterThan(20);
  });

  it('NOOP=garble sends what is no reply', async () => {
    place = await playground(['ftp:NOOP=garble']);
    const client = await place.ftp();
    client.send('NOOP\r\nSYST\r\n');
    expect(await client.line()).not.toMatch(/^\d/);
  });
});

describe('the network', () => {
  it('connect=refuse and tls=cut end the connection before a word', async () => {
    place = await playground(['smtp:connect=refuse', 'pop3:tls=cut']);
    const client = await place.client('smtp', { greeting: false });
    expect(await ended(client)).toBe('');
    expect(await (await place.client('smtp')).say('NOOP')).toMatch(/^250/);
    await expect(place.client('pop3s')).rejects.toThrow();
    expect(await (await place.client('pop3s')).say('CAPA')).toMatch(/^\+OK/);
  });

  it('delay waits the time that it names, in clear and under TLS', async () => {
    const slept: number[] = [];
    place = await playground(['*:greeting#*=delay:5s', 'ftp:connect=delay:2s', 'pop3:QUIT=delay:1m'], {
      clock: hastyClock(slept),
    });
    await place.client('ftps');
    expect(slept).toEqual([2_000, 5_000]);
    const client = await place.client('pop3');
    expect(await client.say('QUIT')).toMatch(/^\+OK/);
    expect(slept).toEqual([2_000, 5_000, 5_000, 60_000]);
  });

  it('greeting=refuse and greeting=reply end with a word', async () => {
    place = await playground(['ftp:greeting=refuse', 'smtp:greeting=reply:421 too busy', 'pop3:greeting=refuse']);
    expect(await ended(await place.client('ftp', { greeting: false }))).toMatch(/^421 .*\r\n$/);
    expect(await ended(await place.client('smtp', { greeting: false }))).toBe('421 too busy\r\n');
    expect(await ended(await place.client('pop3', { greeting: false }))).toMatch(/^-ERR .*\r\n$/);
  });
});

describe('pop3', () => {
  it('RETR#2=reply and RETR@N strike at their messages', async () => {
    place = await playground(['pop3:RETR#2=reply:-ERR [SYS/TEMP] busy', 'pop3:RETR#3@500=garble', 'pop3:RETR#4@100=cut']);
    await place.sandbox.mailbox.add(MAIL);
    const client = await place.pop3();
    const retrieve = async () => {
      expect(await client.say('RETR 1')).toBe(`+OK ${MAIL.length} octets`);
      return client.dotted();
    };
    const whole = await retrieve();
    expect(await client.say('RETR 1')).toBe('-ERR [SYS/TEMP] busy');
    const spoiled = await retrieve();
    expect(spoiled).not.toEqual(whole);
    expect(spoiled.length).toBe(whole.length);
    client.send('RETR 1\r\n');
    expect((await client.rest()).length).toBeLessThanOrEqual(100);
  });

  it('QUIT=cut deletes nothing', async () => {
    place = await playground(['pop3:QUIT=cut']);
    await place.sandbox.mailbox.add(MAIL);
    const client = await place.pop3();
    await client.say('DELE 1');
    client.send('QUIT\r\n');
    expect(await ended(client)).toBe('');
    expect(await place.sandbox.mailbox.list()).toHaveLength(1);
  });
});

describe('smtp', () => {
  const toDot = async (client: LineClient) => {
    expect(await client.say('MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.org>', 'DATA')).toMatch(/^354/);
    client.send(Buffer.concat([MAIL, Buffer.from('.\r\n')]));
  };

  it('RCPT=reply refuses one recipient and takes the next', async () => {
    place = await playground(['smtp:RCPT=reply:451 4.7.1 try later']);
    const client = await place.smtp();
    expect(await client.say('MAIL FROM:<>', 'RCPT TO:<a@example.org>')).toBe('451 4.7.1 try later');
    expect(await client.say('DATA')).toMatch(/^554/);
    expect(await client.say('RCPT TO:<a@example.org>')).toMatch(/^250/);
  });

  it('dot=cut keeps the message and says nothing: the outcome nobody can know', async () => {
    place = await playground(['smtp:dot=cut']);
    const client = await place.smtp();
    await toDot(client);
    expect(await ended(client)).toBe('');
    expect(await place.sandbox.mailbox.list()).toHaveLength(1);
  });

  it('dot=full and dot=reply keep nothing', async () => {
    place = await playground(['smtp:dot=full', 'smtp:dot#2=reply:554 5.7.1 spam']);
    const client = await place.smtp();
    await toDot(client);
    expect(await client.reply()).toMatch(/^452 4\.3\.1/);
    await toDot(client);
    expect(await client.reply()).toBe('554 5.7.1 spam');
    expect(await place.sandbox.mailbox.list()).toEqual([]);
    await toDot(client);
    expect(await client.reply()).toMatch(/^250/);
  });

  it('DATA@N=cut cuts within the message and keeps nothing', async () => {
    place = await playground(['smtp:DATA@100=cut']);
    const client = await place.smtp();
    await toDot(client);
    expect(await ended(client)).toBe('');
    expect(await place.sandbox.mailbox.list()).toEqual([]);
  });
});
