import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Playground, playground } from './playground.ts';

let place: Playground;

const MAILS = ['Subject: one\r\n\r\nfirst\r\n', 'Subject: two\r\n\r\n.dot\r\n..\r\n.\r\nend\r\n', 'Subject: three\r\n\r\n'];

beforeEach(async () => {
  place = await playground();
  for (const mail of MAILS) await place.sandbox.mailbox.add(Buffer.from(mail));
});
afterEach(() => place.close());

describe('sign-in', () => {
  it('by USER and PASS, once', async () => {
    const client = await place.client('pop3');
    for (const line of ['STAT', 'RETR 1', 'DELE 1', 'NOOP']) expect(await client.say(line)).toMatch(/^-ERR/);
    expect(await client.say('PASS x')).toBe('-ERR USER first');
    expect(await client.say('USER nora', 'PASS wrong')).toMatch(/^-ERR \[AUTH\]/);
    expect(await client.say('PASS p w:ü')).toBe('-ERR USER first');
    expect(await client.say('USER nora', 'PASS p w:ü')).toBe('+OK 3 messages');
    expect(await client.say('USER nora')).toMatch(/^-ERR/);
    expect(place.log.join('\n')).not.toContain('p w:');
  });

  it('by APOP with the timestamp of the greeting', async () => {
    const client = await place.client('pop3', { greeting: false });
    const timestamp = /<[^>]+>$/.exec(await client.reply())?.[0] ?? '';
    const digest = createHash('md5').update(`${timestamp}p w:ü`).digest('hex');
    expect(await client.say(`APOP nora ${'0'.repeat(32)}`)).toMatch(/^-ERR \[AUTH\]/);
    expect(await client.say(`APOP nora ${digest}`)).toMatch(/^\+OK/);
  });

  it('by AUTH PLAIN, at once or in two steps', async () => {
    const client = await place.client('pop3');
    const plain = Buffer.from('\0nora\0p w:ü').toString('base64');
    expect(await client.say('AUTH LOGIN')).toMatch(/^-ERR/);
    expect(await client.say('AUTH PLAIN !!!')).toMatch(/^-ERR this is no base64/);
    expect(await client.say('AUTH PLAIN')).toBe('+ ');
    expect(await client.say('*')).toBe('-ERR cancelled');
    expect(await client.say('AUTH PLAIN', plain)).toMatch(/^\+OK/);
    expect(await client.say('QUIT')).toMatch(/^\+OK/);
    const again = await place.client('pop3s');
    expect(await again.say(`AUTH PLAIN ${plain}`)).toMatch(/^\+OK/);
    expect(place.log.join('\n')).not.toContain(plain);
  });

  it('gives the mailbox to one session at a time', async () => {
    const first = await place.pop3();
    const second = await place.client('pop3');
    expect(await second.say('USER nora', 'PASS p w:ü')).toMatch(/^-ERR \[IN-USE\]/);
    expect(await first.say('QUIT')).toBe('+OK bye');
    expect(await second.say('USER nora', 'PASS p w:ü')).toMatch(/^\+OK/);
    second.close();
  });

  it('ends the connection after three wrong passwords', async () => {
    const client = await place.client('pop3');
    await client.say('USER a', 'PASS 1', 'USER a', 'PASS 2', 'USER a', 'PASS 3');
    expect(await client.rest()).toHaveLength(0);
  });

  it('offers no passwords in clear without allowClear, and STLS instead', async () => {
    const strict = await playground([], { allowClear: false });
    const client = await strict.client('pop3');
    await client.say('CAPA');
    const clear = await client.dotted();
    expect(clear).toContain('STLS');
    expect(clear.join()).not.toContain('SASL');
    expect(await client.say('USER nora')).toMatch(/^-ERR TLS/);
    expect(await client.say('STLS')).toMatch(/^\+OK/);
    await client.startTls(strict.sandbox.caFile);
    await client.say('CAPA');
    const secure = await client.dotted();
    expect(secure).toEqual(expect.arrayContaining(['TOP', 'UIDL', 'PIPELINING', 'RESP-CODES', 'SASL PLAIN XOAUTH2 OAUTHBEARER']));
    expect(secure).not.toContain('STLS');
    expect(await client.say('STLS')).toMatch(/^-ERR/);
    expect(await client.say('USER nora', 'PASS p w:ü')).toMatch(/^\+OK/);
    await strict.close();
  });

  it('refuses clear text that follows STLS', async () => {
    const client = await place.client('pop3');
    client.send('STLS\r\nUSER nora\r\n');
    expect(await client.reply()).toMatch(/^\+OK/);
    expect(await client.rest()).toHaveLength(0);
  });
});

describe('messages', () => {
  it('are counted, listed, named and served byte for byte', async () => {
    const client = await place.pop3();
    const sizes = MAILS.map(mail => mail.length);
    expect(await client.say('STAT')).toBe(`+OK 3 ${sizes.reduce((a, b) => a + b)}`);
    expect(await client.say('LIST')).toBe('+OK 3 messages');
    expect(await client.dotted()).toEqual(sizes.map((size, i) => `${i + 1} ${size}`));
    expect(await client.say('LIST 2')).toBe(`+OK 2 ${sizes[1]}`);
    expect(await client.say('UIDL')).toBe('+OK 3 messages');
    const uids = (await place.sandbox.mailbox.list()).map(({ uid }) => uid);
    expect(await client.dotted()).toEqual(uids.map((uid, i) => `${i + 1} ${uid}`));
    expect(await client.say('RETR 2')).toBe(`+OK ${sizes[1]} octets`);
    expect(await client.dotted()).toEqual(['Subject: two', '', '..dot', '...', '..', 'end']);
    expect(await client.say('TOP 2 1')).toMatch(/^\+OK/);
    expect(await client.dotted()).toEqual(['Subject: two', '', '..dot']);
    expect(await client.say('TOP 2 0')).toMatch(/^\+OK/);
    expect(await client.dotted()).toEqual(['Subject: two', '']);
    for (const line of ['RETR 0', 'RETR 4', 'RETR x', 'LIST -1', 'TOP 1', 'TOP 1 x', 'RETR', 'RETR 1 2', 'XYZZY'])
      expect(await client.say(line)).toMatch(/^-ERR/);
  });

  it('go away with QUIT, and in no other way', async () => {
    const first = await place.pop3();
    expect(await first.say('DELE 1')).toMatch(/^\+OK/);
    expect(await first.say('DELE 1')).toMatch(/^-ERR/);
    expect(await first.say('STAT')).toMatch(/^\+OK 2 /);
    expect(await first.say('RSET', 'STAT')).toMatch(/^\+OK 3 /);
    await first.say('DELE 2');
    first.end();
    await first.rest();
    expect(await place.sandbox.mailbox.list()).toHaveLength(3);
    const second = await place.pop3();
    await second.say('DELE 2');
    expect(await second.say('UIDL 3')).toMatch(/^\+OK 3 0000000003-/);
    expect(await second.say('QUIT')).toBe('+OK bye');
    expect((await place.sandbox.mailbox.list()).map(({ uid }) => uid.slice(0, 10))).toEqual(['0000000001', '0000000003']);
  });

  it('are served in order when commands are pipelined', async () => {
    const client = await place.pop3();
    client.send('RETR 1\r\nRETR 9\r\nDELE 1\r\nRETR 3\r\nQUIT\r\n');
    const text = (await client.rest()).toString();
    expect(text).toBe(
      `+OK ${MAILS[0]?.length} octets\r\n${MAILS[0]}.\r\n-ERR no such message\r\n+OK message 1 deleted\r\n` +
        `+OK ${MAILS[2]?.length} octets\r\n${MAILS[2]}.\r\n+OK bye\r\n`,
    );
  });

  it('arriving during a session are seen in the next', async () => {
    const client = await place.pop3();
    await place.sandbox.mailbox.add(Buffer.from('Subject: late\r\n\r\n'));
    expect(await client.say('STAT')).toMatch(/^\+OK 3 /);
    await client.say('QUIT');
    expect(await (await place.pop3()).say('STAT')).toMatch(/^\+OK 4 /);
  });
});

it('refuses a line that is too long and lives on', async () => {
  const client = await place.client('pop3');
  expect(await client.say(`USER ${'x'.repeat(300)}`)).toBe('-ERR the line is too long');
  expect(await client.say(`USER ${'x'.repeat(200)}`)).toMatch(/^\+OK/);
});
