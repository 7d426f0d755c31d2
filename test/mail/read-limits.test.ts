// What of a hostile mail is read, and when it is refused: in time that grows no faster than its lines.
import { expect, it } from 'vitest';
import { LINES_MAX, lineEnd, readMail } from '../../src/mail/read.ts';

it('a mail of too many lines is refused before it is taken apart', async () => {
  await expect(readMail(Buffer.alloc(LINES_MAX + 1, '\n'))).rejects.toMatchObject({ code: 'mail-too-long' });
  const atLimit = Buffer.alloc(LINES_MAX, '\n');
  expect([lineEnd(atLimit, LINES_MAX), lineEnd(atLimit, LINES_MAX + 1)]).toEqual([LINES_MAX, undefined]);
  expect([lineEnd(Buffer.from('a\nb'), 1), lineEnd(Buffer.from('a\nb'), 0)]).toEqual([2, 0]);
});

it('a mail in a mail is read, down to a limit', async () => {
  const nested = (levels: number) =>
    Buffer.from(`${'Content-Type: message/rfc822\n\n'.repeat(levels)}Subject: inner\n\nbottom\n`);
  expect((await readMail(nested(3))).text).toContain('bottom');
  expect((await readMail(nested(4))).text ?? '').not.toContain('bottom');
  expect((await readMail(nested(4))).attachments).toHaveLength(1);
});
