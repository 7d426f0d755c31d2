import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Playground, playground } from './playground.ts';

let place: Playground;

beforeEach(async () => {
  place = await playground();
});
afterEach(() => place.close());

const base64 = (text: string) => Buffer.from(text).toString('base64');
const PASSWORD = 'p w:ü';

describe('sign-in', () => {
  it('comes after EHLO, by PLAIN, LOGIN or CRAM-MD5, and before MAIL', async () => {
    const client = await place.client('smtp');
    expect(await client.say('AUTH PLAIN x')).toMatch(/^503/);
    expect(await client.say('EHLO bad_name!')).toMatch(/^501/);
    expect(await client.say('EHLO [127.0.0.1]')).toMatch(/AUTH PLAIN LOGIN CRAM-MD5/);
    expect(await client.say('MAIL FROM:<a@example.org>')).toMatch(/^530 5\.7\.0/);
    expect(await client.say(`AUTH PLAIN ${base64('\0nora\0wrong')}`)).toMatch(/^535 5\.7\.8/);
    expect(await client.say('AUTH PLAIN', '*')).toMatch(/^501 5\.7\.0/);
    expect(await client.say('AUTH PLAIN', 'no base64')).toMatch(/^501 5\.5\.2/);
    expect(await client.say('AUTH LOGIN')).toBe('334 VXNlcm5hbWU6');
    expect(await client.say(base64('nora'))).toBe('334 UGFzc3dvcmQ6');
    expect(await client.say(base64(PASSWORD))).toMatch(/^235/);
    expect(await client.say('AUTH PLAIN x')).toMatch(/^503/);
    const other = await place.client('smtps');
    const challenge = Buffer.from((await other.say('EHLO x', 'AUTH CRAM-MD5')).slice(4), 'base64').toString();
    const digest = createHmac('md5', PASSWORD).update(challenge).digest('hex');
    expect(await other.say(base64(`nora ${digest}`))).toMatch(/^235/);
    expect(place.log.join('\n')).not.toContain(base64(PASSWORD));
  });

  it('is not offered in clear without allowClear', async () => {
    const strict = await playground([], { allowClear: false });
    const client = await strict.client('smtp');
    const clear = await client.say('EHLO x');
    expect(clear).toContain('STARTTLS');
    expect(clear).not.toContain('AUTH');
    expect(await client.say('AUTH PLAIN x')).toMatch(/^538/);
    expect(await client.say('STARTTLS')).toMatch(/^220/);
    await client.startTls(strict.sandbox.caFile);
    expect(await client.say('MAIL FROM:<>')).toMatch(/^503/);
    const secure = await client.say('EHLO x');
    expect(secure).toContain('AUTH');
    expect(secure).not.toContain('STARTTLS');
    expect(await client.say('STARTTLS')).toMatch(/^503/);
    await strict.close();
  });

  it('refuses clear text that follows STARTTLS', async () => {
    const client = await place.client('smtp');
    await client.say('EHLO x');
    client.send('STARTTLS\r\nEHLO y\r\n');
    expect(await client.reply()).toMatch(/^220/);
    expect(await client.rest()).toHaveLength(0);
  });
});

describe('the transaction', () => {
  it('keeps its order and its syntax', async () => {
    const client = await place.smtp();
    expect(await client.say('RCPT TO:<b@example.org>')).toMatch(/^503/);
    expect(await client.say('DATA')).toMatch(/^503/);
    const refused: Record<string, RegExp> = {
      'MAIL FROM: <a@example.org>': /^501/,
      'MAIL FROM:a@example.org': /^501/,
      'MAIL TO:<a@example.org>': /^501/,
      'MAIL FROM:<a>': /^553/,
      'MAIL FROM:<a..b@example.org>': /^553/,
      'MAIL FROM:<ü@example.org>': /^553 5\.6\.7/,
      'MAIL FROM:<a@example.org> SIZE=99999999999': /^552/,
      'MAIL FROM:<a@example.org> SMTPUTF8=1': /^555/,
      'MAIL FROM:<a@example.org> WHAT=1': /^555/,
      [`MAIL FROM:<${'x'.repeat(65)}@example.org>`]: /^553/,
    };
    for (const [line, reply] of Object.entries(refused)) expect(await client.say(line), line).toMatch(reply);
    expect(await client.say('MAIL FROM:<ü@example.org> SMTPUTF8 BODY=8BITMIME SIZE=10')).toMatch(/^250/);
    expect(await client.say('MAIL FROM:<a@example.org>')).toMatch(/^503/);
    expect(await client.say('DATA')).toMatch(/^554/);
    expect(await client.say('RCPT TO:<>')).toMatch(/^501/);
    expect(await client.say('RCPT TO:<postmaster>')).toMatch(/^250/);
    expect(await client.say('RCPT TO:<"odd one"@[127.0.0.1]>')).toMatch(/^250/);
    expect(await client.say('RSET', 'RCPT TO:<b@example.org>')).toMatch(/^503/);
    expect(await client.say('NOPE')).toMatch(/^500/);
    expect(await client.say('NOOP', 'QUIT')).toMatch(/^221/);
    expect(await client.rest()).toHaveLength(0);
  });

  it('takes a hundred recipients and no more', async () => {
    const client = await place.smtp();
    await client.say('MAIL FROM:<>');
    for (let i = 0; i < 100; i++) expect(await client.say(`RCPT TO:<r${i}@example.org>`)).toMatch(/^250/);
    expect(await client.say('RCPT TO:<r100@example.org>')).toMatch(/^452 4\.5\.3/);
  });

  it('takes pipelined mail, and POP3 serves the very bytes below the trace lines', async () => {
    const client = await place.smtp();
    client.send('MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nRCPT TO:<c@example.org>\r\nDATA\r\n');
    for (const code of ['250', '250', '250', '354']) expect((await client.reply()).slice(0, 3)).toBe(code);
    client.send('Subject: hi\r\n\r\n..dot\r\n...\r\nend\r\n.\r\nNOOP\r\nQUIT\r\n');
    expect(await client.reply()).toMatch(/^250 2\.0\.0 Kept as 0000000001-/);
    expect(await client.reply()).toMatch(/^250/);
    expect(await client.reply()).toMatch(/^221/);
    const pop = await place.pop3();
    expect(await pop.say('RETR 1')).toMatch(/^\+OK/);
    const lines = await pop.dotted();
    expect(lines.slice(0, 3)).toEqual([
      'Return-Path: <a@example.org>',
      'Delivered-To: b@example.org',
      'Delivered-To: c@example.org',
    ]);
    expect(lines[3]).toMatch(/^Received: from test\.example \(\[127\.0\.0\.1\]\) by localhost$/);
    expect(lines.slice(5)).toEqual(['Subject: hi', '', '..dot', '...', 'end']);
  });

  it.each([
    ['bare LF', 'Subject: x\n\r\n\r\n', '', /^550 5\.6\.0/],
    ['bare CR', 'Subject: x\r\r\n\r\n', '', /^550 5\.6\.0/],
    ['a smuggled end', 'Subject: x\r\n\r\nhi\n.\r\nMAIL FROM:<evil@example.org>\r\n', '', /^550 5\.6\.0/],
    ['NUL', 'a\0b\r\n', '', /^550 5\.6\.0/],
    ['undeclared 8-bit', 'Subject: x\r\n\r\nü\r\n', '', /^550 5\.6\.1/],
    ['declared 8-bit', 'Subject: x\r\n\r\nü\r\n', ' BODY=8BITMIME', /^250/],
    ['a line of 998', `${'x'.repeat(998)}\r\n`, '', /^250/],
    ['a line of 999', `${'x'.repeat(999)}\r\n`, '', /^550 5\.6\.0/],
    ['nothing', '', '', /^250/],
  ])('judges %s', async (_what, content, parameters, reply) => {
    const client = await place.smtp();
    expect(await client.say(`MAIL FROM:<a@example.org>${parameters}`, 'RCPT TO:<b@example.org>', 'DATA')).toMatch(/^354/);
    client.send(`${content}.\r\n`);
    expect(await client.reply()).toMatch(reply);
    expect(await place.sandbox.mailbox.list()).toHaveLength(reply.test('250') ? 1 : 0);
    expect(await client.say('NOOP')).toMatch(/^250/);
  });

  it('keeps nothing when the client goes before the final dot', async () => {
    const client = await place.smtp();
    await client.say('MAIL FROM:<a@example.org>', 'RCPT TO:<b@example.org>', 'DATA');
    client.send('Subject: half\r\n\r\nhalf');
    client.end();
    await client.rest();
    expect(await place.sandbox.mailbox.list()).toEqual([]);
  });
});
