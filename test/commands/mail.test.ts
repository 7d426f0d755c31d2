// One-off mail commands as processes against the sandbox.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Rehearsal, rehearsal } from '../support/rehearsal.ts';

const MAIL = 'From: Ann <ann@example.org>\r\nDate: Mon, 23 Nov 2026 03:00:00 +0000\r\nSubject: Hello\r\n\r\n.dot\r\n';
let stage: Rehearsal;

beforeAll(async () => {
  stage = await rehearsal({ messages: [Buffer.from(MAIL)] });
});
afterAll(() => stage.close());

it('pop3 stat and list say what is there', async () => {
  expect(await stage.cli('pop3', 'stat', '@inbox')).toMatchObject({ code: 0, stdout: `1 message, ${MAIL.length} B\n` });
  const { stdout } = await stage.cli('pop3', 'list', '@inbox', '--json');
  const message = {
    number: 1,
    size: MAIL.length,
    from: 'Ann <ann@example.org>',
    subject: 'Hello',
    date: '2026-11-23T03:00:00.000Z',
  };
  expect(JSON.parse(stdout)).toMatchObject({ version: 1, messages: [message] });
});

it('pop3 retr writes the exact octets, and the transcript no secret', async () => {
  const { stdout, stderr, code } = await stage.cli('pop3', 'retr', '@inbox', '1', '--transcript');
  expect({ stdout, code }).toEqual({ stdout: MAIL, code: 0 });
  expect(stderr).toContain('> RETR 1');
  expect(stderr).not.toContain(stage.sandbox.password);
  expect((await stage.cli('pop3', 'retr', '@inbox', '9')).code).toBe(1);
});

it('smtp probe says what the server offers', async () => {
  const { stdout, code } = await stage.cli('smtp', 'probe', '@outbox', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    tls: 'explicit',
    'signed-in': true,
    extensions: expect.arrayContaining(['PIPELINING']),
  });
});

it('a connection of another kind is wrong usage', async () => {
  const { stderr, code } = await stage.cli('pop3', 'stat', '@web');
  expect(code).toBe(2);
  expect(stderr).toContain('web speaks FTP, but this command needs POP3');
});

it('smtp send takes its flags and sends one mail', async () => {
  const flags = ['--from', 'a@example.org', '--to', 'b@example.org', '--subject', 'By hand', '--text', 'hi'];
  const dry = await stage.cli('smtp', 'send', '@outbox', ...flags, '--dry-run');
  expect(dry).toMatchObject({ code: 0, stdout: expect.stringMatching(/^one mail of .* to 1 recipient\n$/) });
  const before = (await stage.sandbox.mailbox.list()).length;
  expect((await stage.cli('smtp', 'send', '@outbox', ...flags, '-q')).code).toBe(0);
  expect(await stage.sandbox.mailbox.list()).toHaveLength(before + 1);
});
