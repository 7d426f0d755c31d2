// One-off mail commands as processes against the sandbox.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cli } from '../support/cli.ts';
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

it('pop3 retr --output makes NUMBER.eml, replaces nothing, and keeps no half of a message', async () => {
  const file = join(stage.dir, 'mails/1.eml');
  expect(await stage.cli('pop3', 'retr', '@inbox', '1', '--output', 'mails')).toMatchObject({ code: 0, stdout: '' });
  expect(readFileSync(file, 'latin1')).toBe(MAIL);
  writeFileSync(file, 'mine');
  expect(await stage.cli('pop3', 'retr', '@inbox', '1', '-o', 'mails')).toMatchObject({ code: 1 });
  expect(readFileSync(file, 'latin1')).toBe('mine');
  expect(await stage.cli('pop3', 'retr', '@inbox', '9', '-o', 'mails')).toMatchObject({ code: 1 });
  expect(existsSync(join(stage.dir, 'mails/9.eml'))).toBe(false);
  expect(await stage.cli('pop3', 'retr', '@inbox', '1', '2')).toMatchObject({ code: 2 });
  expect(await stage.cli('pop3', 'retr', '@inbox', 'one')).toMatchObject({ code: 2 });
});

it('pop3 top shows the header and some lines', async () => {
  const { stdout } = await stage.cli('pop3', 'top', '@inbox', '1', '--lines', '0');
  expect(stdout).toContain('Subject: Hello\r\n');
  expect(stdout).not.toContain('.dot');
});

it('pop3 archive archives once, and says beforehand what it would do', async () => {
  const dry = await stage.cli('pop3', 'archive', '@inbox', 'kept', '--account', 'me', '--dry-run');
  expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('1') });
  expect((await stage.cli('pop3', 'archive', '@inbox', 'kept', '--account', 'me')).code).toBe(0);
  const { stdout } = await stage.cli('pop3', 'archive', '@inbox', 'kept', '--account', 'me', '--json');
  const finished = JSON.parse(stdout.trim().split('\n').at(-2) ?? '') as { outputs: unknown };
  expect(finished.outputs).toMatchObject({ listed: 1, archived: 0, skipped: 1 });
  expect((await stage.cli('archive', 'verify', '--archive', 'kept')).code).toBe(0);
  expect((await stage.cli('pop3', 'archive', '@inbox', 'kept', '--delete', 'soon')).code).toBe(2);
});

it('pop3 archive shows its dialogue without the password, and saves attachments', async () => {
  const invoice = [
    ...['From: Ann <ann@example.org>', 'Subject: Bill', 'MIME-Version: 1.0', 'Content-Type: application/pdf; name="bill.pdf"'],
    ...['Content-Disposition: attachment; filename="bill.pdf"', 'Content-Transfer-Encoding: base64', '', 'JVBERg==', ''],
  ];
  await stage.sandbox.mailbox.add(Buffer.from(invoice.join('\r\n')));
  const pdfs = ['--attachments', 'pdfs', '--attachment-name', '*.pdf', '--attachment-type', 'application/pdf'];
  const { stderr, code } = await stage.cli('pop3', 'archive', '@inbox', 'with-pdfs', '--transcript', ...pdfs);
  expect(code).toBe(0);
  expect(stderr).toMatch(/> STAT[\s\S]*> RETR 2[\s\S]*> QUIT/);
  expect(stderr).not.toContain(stage.sandbox.password);
  expect(await readFile(join(stage.dir, 'pdfs/bill.pdf'), 'utf8')).toBe('%PDF');
  expect((await stage.cli('pop3', 'delete', '@inbox', '2', '--yes')).code).toBe(0);
});

it('pop3 shell runs its commands; an error deletes nothing, quit deletes what is marked', async () => {
  const shell = (commands: string) => stage.cli('pop3', 'shell', '@inbox', '-c', commands);
  const looked = await shell('stat; list 1; uidl; top 1 0; retr 1 first.eml; help dele; noop; dele 1; stat; rset; stat');
  expect(looked.stderr).toBe('');
  expect(looked.stdout).toContain(`1 message, ${MAIL.length} B\n`);
  expect(looked.stdout).toContain('1 marked for deletion');
  expect(await readFile(join(stage.dir, 'first.eml'), 'utf8')).toBe(MAIL);
  expect(await shell('retr 1 first.eml')).toMatchObject({ code: 1, stderr: expect.stringContaining('is there already') });
  for (const command of ['list 9', 'uidl 9'])
    expect(await shell(command)).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no message 9') });
  const often = await shell(Array(12).fill('top 1 0; retr 1').join('; '));
  expect(often.stderr).toBe('');
  expect(often.stdout.split('Subject:').length - 1).toBe(24);
  const failed = await shell('dele 1; dele 7; quit');
  expect({ code: failed.code, left: (await stage.sandbox.mailbox.list()).length }).toEqual({ code: 1, left: 1 });
  expect((await shell('dele 1; abort')).stderr).toContain('nothing was deleted');
  expect((await shell('frobnicate')).code).toBe(2);
  expect((await shell('dele 1')).stderr).toContain('deleted 1 message');
  expect(await stage.sandbox.mailbox.list()).toHaveLength(0);
});

it('pop3 delete asks, and takes --yes', async () => {
  await stage.sandbox.mailbox.add(Buffer.from(MAIL));
  expect(await stage.cli('pop3', 'delete', '@inbox', '1')).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
  expect((await stage.cli('pop3', 'delete', '@inbox', '1', '2', '--yes')).stderr).toContain('there is no message 2');
  expect(await stage.sandbox.mailbox.list()).toHaveLength(1);
  expect((await stage.cli('pop3', 'delete', '@inbox', '1', '--yes')).stderr).toContain('deleted 1 message');
  expect(await stage.sandbox.mailbox.list()).toHaveLength(0);
});

it('pop3 delete takes unique-ids, which stay when numbers shift', async () => {
  for (const subject of ['one', 'two', 'three']) await stage.sandbox.mailbox.add(Buffer.from(`Subject: ${subject}\r\n\r\n`));
  const [one, two, three] = JSON.parse((await stage.cli('pop3', 'list', '@inbox', '--json')).stdout).messages;
  expect((await stage.cli('pop3', 'list', '@inbox', '--uid')).stdout).toContain(two.uid);
  expect((await stage.cli('pop3', 'delete', '@inbox', `uid:${one.uid}`, '--yes')).code).toBe(0);
  const gone = await stage.cli('pop3', 'delete', '@inbox', `uid:${three.uid}`, `uid:${one.uid}`, '--yes');
  expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining(`no message with the unique-id ${one.uid}`) });
  expect(await stage.sandbox.mailbox.list()).toHaveLength(2);
  // The second message by then.
  expect((await stage.cli('pop3', 'delete', '@inbox', `uid:${three.uid}`, '2', '--yes')).stderr).toContain('deleted 1 message');
  const left = JSON.parse((await stage.cli('pop3', 'list', '@inbox', '--json')).stdout).messages;
  expect(left).toMatchObject([{ uid: two.uid, subject: 'two' }]);
  expect((await stage.cli('pop3', 'delete', '@inbox', '1', '--yes')).code).toBe(0);
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
  expect(dry).toMatchObject({ code: 0, stderr: expect.stringMatching(/^one mail of .* to 1 recipient\n$/) });
  expect(dry.stdout).toMatch(/^From: a@example\.org\r\n[\s\S]*Subject: By hand\r\n[\s\S]*\r\n\r\nhi\r\n/m);
  const json = JSON.parse((await stage.cli('smtp', 'send', '@outbox', ...flags, '--dry-run', '--json')).stdout);
  expect(json).toMatchObject({ version: 1, summary: expect.stringMatching(/^one mail/), actions: [{ target: 'b@example.org' }] });
  const wrong = await stage.cli('smtp', 'send', '@outbox', ...flags, '--to', 'c');
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('value 2 of --to is no mail address') });
  const before = (await stage.sandbox.mailbox.list()).length;
  expect((await stage.cli('smtp', 'send', '@outbox', ...flags, '-q')).code).toBe(0);
  expect(await stage.sandbox.mailbox.list()).toHaveLength(before + 1);
});

it('smtp send warns of a header that leads the body, and sends it as it is', async () => {
  const words = ['smtp', 'send', '@outbox', '--from', 'a@example.org', '--to', 'b@example.org', '--subject', 's', '--dry-run'];
  const env = { POSTRIDER_SECRET_SANDBOX: stage.sandbox.password };
  const send = (stdin: string, ...more: string[]) => cli([...words, ...more], { cwd: stage.dir, env, stdin });
  const warned = await send('To: c@example.org\nSubject: long\n and folded\n\nhi\n');
  expect(warned.code).toBe(0);
  expect(warned.stderr).toContain('warning: the body begins with a header (To, Subject), which is sent as text');
  expect(warned.stderr).toContain("sed '1,/^[[:space:]]*$/d'");
  expect(warned.stdout).toMatch(/\r\n\r\nTo: c@example\.org\r\n/);
  expect((await send('Subject: s\r\n\r\nhi\r\n', '-q')).stderr).not.toContain('warning');
});

it('smtp send of which nobody knows the outcome ends with 1, and says not to send again blindly', async () => {
  const r = await rehearsal({ faults: ['smtp:dot=cut'] });
  try {
    const flags = ['--from', 'a@example.org', '--to', 'b@example.org', '--subject', 's', '--text', 't'];
    const { code, stderr } = await r.cli('smtp', 'send', '@outbox', ...flags);
    expect({ code, sent: (await r.sandbox.mailbox.list()).length }).toEqual({ code: 1, sent: 1 });
    const said = stderr.replace(/\s+/g, ' ');
    expect(said).toMatch(/outcome is indeterminate.*may or may not have the mail/);
    expect(said).toMatch(/Ask a recipient for the mail <.*> before you send it again/);
    expect(said).not.toContain('outbox resend');
  } finally {
    await r.close();
  }
});

it('smtp send that is put off ends with 5, and says that nothing keeps the mail', async () => {
  const r = await rehearsal({ faults: ['smtp:RCPT=reply:450 4.2.0 greylisted'] });
  try {
    const flags = ['--from', 'a@example.org', '--to', 'b@example.org', '--subject', 's', '--text', 't'];
    const { code, stderr } = await r.cli('smtp', 'send', '@outbox', ...flags);
    expect({ code, sent: (await r.sandbox.mailbox.list()).length }).toEqual({ code: 5, sent: 0 });
    const said = stderr.replace(/\s+/g, ' ');
    expect(said).toMatch(/does not take the mail now.*450 4\.2\.0 greylisted/);
    expect(said).toContain('Nothing keeps it here: send it again in a while, or from a job');
  } finally {
    await r.close();
  }
});

it('smtp send that not everybody has ends with 1 and names who has it not', async () => {
  const r = await rehearsal({ faults: ['smtp:RCPT#2=reply:450 4.2.0 greylisted'] });
  try {
    const to = ['--to', 'b@example.org', '--to', 'c@example.org'];
    const flags = ['--from', 'a@example.org', ...to, '--subject', 's', '--text', 't'];
    const { code, stdout } = await r.cli('smtp', 'send', '@outbox', ...flags, '--json');
    expect({ code, sent: (await r.sandbox.mailbox.list()).length }).toEqual({ code: 1, sent: 1 });
    expect(stdout).toContain('"code":"mail-partial"');
    expect(stdout).toContain('1 of 2 recipients have the mail; not delivered to c@example.org: 450 4.2.0 greylisted');
  } finally {
    await r.close();
  }
});
