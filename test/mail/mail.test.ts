import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMailbox } from '../../src/mail/address-list.ts';
import { composeMail, type MailDraft, messageIdOf } from '../../src/mail/compose.ts';
import { readMail } from '../../src/mail/read.ts';
import { FUZZ_SEED } from '../support/splits.ts';

const draft: MailDraft = {
  from: { name: 'Robot', address: 'robot@example.org' },
  to: [{ name: '', address: 'ops@example.org' }],
  cc: [],
  replyTo: [],
  subject: 'hello',
  text: 'one\ntwo\n',
  html: '<p>one</p>',
  attachments: [],
  messageId: '<1@example.org>',
  date: Date.UTC(2026, 10, 22, 2, 30),
  headers: {},
  autoSubmitted: true,
};

const headerLines = (bytes: Buffer) => bytes.toString('latin1').split('\r\n\r\n')[0]!.split('\r\n');

describe('parseMailbox', () => {
  it.each([
    ['ops@example.org', '', 'ops@example.org'],
    [' <ops@example.org> ', '', 'ops@example.org'],
    ['Ops Team <ops@example.org>', 'Ops Team', 'ops@example.org'],
    ['"Team, \\"Ops\\"" <ops@example.org>', 'Team, "Ops"', 'ops@example.org'],
    ['"a b"@example.org', '', '"a b"@example.org'],
    ['X <"<>"@example.org>', undefined, undefined],
  ])('%s', (text, name, address) => expect(parseMailbox(text)).toEqual(name === undefined ? undefined : { name, address }));

  it.each(['a <b@c', 'a> b@c', '"a <b@c>', 'a <b <c@d>', 'a@b\r\nX: y', 'x'.repeat(501)])('refuses %j', text =>
    expect(parseMailbox(text)).toBeUndefined());
});

describe('composeMail', () => {
  it('gives the same bytes for the same draft, all lines ended by CRLF and short', async () => {
    const mail = {
      ...draft,
      text: `${'long '.repeat(500)}\r.\n..\nFrom here\n`,
      attachments: [{ name: 'a.bin', content: Buffer.from([0, 13, 10, 13, 255]) }],
    };
    const bytes = await composeMail(mail);
    expect(bytes.equals(await composeMail(mail))).toBe(true);
    const text = bytes.toString('latin1');
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(text).toMatch(/^[\x09\x0a\x0d\x20-\x7e]+$/);
    expect(Math.max(...text.split('\r\n').map(line => line.length))).toBeLessThanOrEqual(78);
  });

  it('is read back whole', async () => {
    const content = Buffer.from([0, 1, 13, 10, 46, 13, 10, 255]);
    const bytes = await composeMail({
      ...draft,
      from: { name: 'Röbot, "der"', address: '"a b"@example.org' },
      cc: [{ name: 'Ops', address: 'cc@example.org' }],
      replyTo: [{ name: '', address: 'back@example.org' }],
      subject: 'Grüße 🚀 aus dem Werk',
      text: '.\n..\nFrom ü\n  spaces  \n',
      html: '<p>ü</p>',
      attachments: [{ name: 'Bericht "ü".log', content }],
      headers: { 'X-Job': 'nightly' },
    });
    const mail = await readMail(bytes);
    // postal-mime ends every text of a multipart with a line end.
    expect(mail).toMatchObject({
      from: { name: 'Röbot, "der"', address: '"a b"@example.org' },
      to: [{ name: '', address: 'ops@example.org' }],
      cc: [{ name: 'Ops', address: 'cc@example.org' }],
      replyTo: [{ name: '', address: 'back@example.org' }],
      subject: 'Grüße 🚀 aus dem Werk',
      messageId: '<1@example.org>',
      date: '2026-11-22T02:30:00.000Z',
      text: '.\n..\nFrom ü\n  spaces  \n\n',
      html: '<p>ü</p>\n',
      attachments: [{ name: 'Bericht "ü".log', content }],
    });
    const names = mail.headers.map(header => header.name);
    expect(names).toEqual(expect.arrayContaining(['auto-submitted', 'x-auto-response-suppress', 'x-job', 'mime-version']));
  });

  it('hides who gets it when only bcc does', async () => {
    expect(headerLines(await composeMail({ ...draft, to: [] }))).toContain('To: "undisclosed-recipients":;');
  });

  it('lets no value start a header, whatever is in subject, names and headers', async () => {
    const honest = new Set(
      headerLines(
        await composeMail({ ...draft, headers: { 'X-Job': 'x' }, attachments: [{ name: 'x', content: Buffer.from('x') }] }),
      ).map(line => /^[\w-]+:/.exec(line)?.[0]),
    );
    const hostile = fc.oneof(
      fc.constantFrom(
        'x\r\nBcc: evil@example.org',
        'x\nEvil: 1',
        'x\rEvil: 1',
        '\r\n\r\nbody',
        '=?utf-8?q?=0d=0aEvil:_1?=',
        'x\u2028Evil: 1',
        '\0',
      ),
      fc.string({ unit: 'binary', maxLength: 40 }),
    );
    await fc.assert(
      fc.asyncProperty(hostile, async text => {
        const bytes = await composeMail({
          ...draft,
          from: { name: text, address: 'robot@example.org' },
          subject: text,
          headers: { 'X-Job': `x${text}` },
          attachments: [{ name: text || 'x', content: Buffer.from('x') }],
        });
        for (const line of headerLines(bytes)) {
          if (!/^[ \t]/.test(line)) expect(honest).toContain(/^[\w-]+:/.exec(line)?.[0]);
        }
        expect(bytes.toString('latin1').replaceAll('\r\n', '')).not.toMatch(/[\r\n\0]/);
        expect((await readMail(bytes)).text).toBe('one\ntwo\n\n');
      }),
      { seed: FUZZ_SEED, numRuns: 150 },
    );
  });

  it('makes no line longer than 998 octets of a name that becomes longer by being made safe', async () => {
    const name = '\u202e'.repeat(400);
    const bytes = await composeMail({
      ...draft,
      from: { name, address: 'a@b.c' },
      attachments: [{ name, content: Buffer.from('x') }],
    });
    expect(
      Math.max(
        ...bytes
          .toString('latin1')
          .split('\r\n')
          .map(line => line.length),
      ),
    ).toBeLessThanOrEqual(998);
  });

  it('opens no file and fetches nothing for its html', async () => {
    const bytes = await composeMail({ ...draft, html: '<img src="file:///etc/passwd"><img src="http://127.0.0.1:1/x">' });
    expect((await readMail(bytes)).attachments).toEqual([]);
  });
});

describe('messageIdOf', () => {
  it('depends on each part and on nothing else', () => {
    expect(messageIdOf(['a', 'b'], 'example.org')).toBe(messageIdOf(['a', 'b'], 'example.org'));
    expect(messageIdOf(['a', 'b'], 'example.org')).not.toBe(messageIdOf(['ab'], 'example.org'));
    expect(messageIdOf(['a'], '[IPv6:::1]')).toMatch(/^<postrider\.[0-9a-f]{32}@-IPv6---1->$/);
  });
});
