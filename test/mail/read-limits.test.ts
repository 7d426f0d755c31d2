// What of a hostile mail is read, and when it is refused: in time that grows no faster than its lines.
import { expect, it } from 'vitest';
import { LINES_MAX, lineEnd, PADDINGS_MAX, readMail, SHORT_LINES_MAX } from '../../src/mail/read.ts';

it('a mail of too many lines is refused before it is taken apart', async () => {
  await expect(readMail(Buffer.alloc(LINES_MAX + 1, '\n'))).rejects.toMatchObject({ code: 'mail-too-long' });
  const atLimit = Buffer.alloc(LINES_MAX, '\n');
  expect([lineEnd(atLimit, LINES_MAX), lineEnd(atLimit, LINES_MAX + 1)]).toEqual([LINES_MAX, undefined]);
  expect([lineEnd(Buffer.from('a\nb'), 1), lineEnd(Buffer.from('a\nb'), 0)]).toEqual([2, 0]);
});

it('a mail of many short lines, or of many pieces of base64, is refused before it takes gigabytes', async () => {
  const short = (count: number) => readMail(Buffer.from(`${'x'.repeat(100)}\n${'\n'.repeat(count)}`));
  await expect(short(SHORT_LINES_MAX + 1)).rejects.toMatchObject({ code: 'mail-too-long' });
  expect(await short(SHORT_LINES_MAX)).toMatchObject({ attachments: [] });
  const pieces = (count: number, encoding = 'Base64') =>
    readMail(Buffer.from(`Content-Type: image/png\nContent-Transfer-Encoding: ${encoding}\n\n${'QQ=='.repeat(count)}QQ==\n`));
  await expect(pieces(PADDINGS_MAX + 1)).rejects.toMatchObject({ code: 'mail-too-long' });
  expect(Buffer.from((await pieces(PADDINGS_MAX)).attachments[0]?.content ?? '')).toHaveLength(PADDINGS_MAX + 1);
  expect(await pieces(PADDINGS_MAX + 1, '8bit')).toMatchObject({ attachments: [expect.anything()] });
});

it('a mail in a mail is read, down to a limit', async () => {
  const nested = (levels: number) =>
    Buffer.from(`${'Content-Type: message/rfc822\n\n'.repeat(levels)}Subject: inner\n\nbottom\n`);
  expect((await readMail(nested(3))).text).toContain('bottom');
  expect((await readMail(nested(4))).text ?? '').not.toContain('bottom');
  expect((await readMail(nested(4))).attachments).toHaveLength(1);
});
