// What of a hostile mail is read, and when it is refused: in time and memory that grow no faster than its octets.
import { afterEach, expect, it, vi } from 'vitest';
import { parseMail } from '../../src/mail/parser.ts';
import { CALENDAR_BYTES_MAX, LINES_MAX, lineEnd, PARTS_MAX, readMail, TEXT_BYTES_MAX } from '../../src/mail/read.ts';

const BASE64 = 'Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n';
const NESTED = 'Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n';
const BUDGET = {
  ...{ linesMax: 10, partsMax: 10, textBytesMax: 100, calendarBytesMax: 100 },
  exceeded: (what: string) => new Error(`more than ${what}`),
};

afterEach(() => vi.unstubAllGlobals());

it('a mail of too many lines or parts is refused, in nested mails, too', async () => {
  const lines = (count: number, head = '\n') => parseMail(Buffer.from(`${head}${'x\n'.repeat(count)}`), {}, BUDGET);
  await expect(lines(10)).rejects.toThrow('more than 10 lines');
  expect(await lines(9)).toMatchObject([{ text: 'x\n'.repeat(9) }, false]);
  const nested = (count: number) =>
    parseMail(Buffer.from(NESTED + Buffer.from(`\n${'x\n'.repeat(count)}`).toString('base64')), {}, BUDGET);
  await expect(nested(6)).rejects.toThrow('more than 10 lines');
  expect(await nested(5)).toMatchObject([{ attachments: [] }, false]);
  const parts = (count: number) => `Content-Type: multipart/mixed; boundary=b\n\n${'--b\n'.repeat(count)}`;
  await expect(readMail(Buffer.from(parts(PARTS_MAX)))).rejects.toMatchObject({ code: 'mail-too-long' });
  expect(await readMail(Buffer.from(parts(PARTS_MAX - 1)))).toMatchObject({ attachments: [] });
  expect([lineEnd(Buffer.from('a\nb'), 1), lineEnd(Buffer.from('a\nb'), 0), lineEnd(Buffer.from('a\nb'), 2)]).toEqual([
    2,
    0,
    undefined,
  ]);
  expect(LINES_MAX).toBeGreaterThan((4 * 100 * 1024 * 1024) / 78);
});

it('what is kept of a body is joined as it comes, for a Blob of many pieces takes gigabytes', async () => {
  let most = 0;
  const pieces = class extends Blob {
    constructor(parts: ConstructorParameters<typeof Blob>[0] & unknown[], options?: ConstructorParameters<typeof Blob>[1]) {
      most = Math.max(most, parts.length);
      super(parts, options);
    }
  };
  vi.stubGlobal('Blob', pieces);
  const lines = `${'x'.repeat(60)}\n`.repeat(100_000);
  expect((await readMail(Buffer.from(`\n${lines}`), lines.length)).text).toBe(lines);
  expect((await readMail(Buffer.from(`Content-Type: text/csv\n\n${lines}`))).attachments[0]?.content.toString()).toBe(lines);
  const padded = await readMail(Buffer.from(`${BASE64}${'QQ=='.repeat(100_000)}\n${'QUI=\n'.repeat(50_000)}`));
  expect(padded.attachments[0]?.content.toString()).toBe('A'.repeat(100_000) + 'AB'.repeat(50_000));
  const nested = await readMail(
    Buffer.from(NESTED + Buffer.from(`Subject: a\n\n${lines.slice(0, 1_220_000)}`).toString('base64')),
  );
  expect(nested.text).toContain(lines.slice(0, 1_220_000));
  expect(most).toBeGreaterThan(10);
  expect(most).toBeLessThan(5_000);
}, 60_000);

it('a long line of base64 is the same whole and in slices', async () => {
  const content = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
  const [from] = (await readMail(Buffer.from(`${BASE64}${content.toString('base64')}`))).attachments;
  expect(from?.content.equals(content)).toBe(true);
  await expect(parseMail(Buffer.from(`${BASE64}${'QQ=='.repeat(20_000)}`), {}, BUDGET)).rejects.toThrow('more than 10 lines');
});

it('other connections are heard while a long mail is read', async () => {
  let turns = 0;
  let done = false;
  const turn = () => {
    turns += 1;
    if (!done) setImmediate(turn);
  };
  turn();
  await readMail(Buffer.from(`\n${'x\n'.repeat(50_000)}`));
  done = true;
  expect(turns).toBeGreaterThanOrEqual(5);
});

it('a text is cut at a limit, and says so; attachments are whole', async () => {
  const mail = (size: number) =>
    Buffer.from(
      `Content-Type: multipart/mixed; boundary=b\n\n--b\n\n${'x'.repeat(size - 1)}\n--b\n\nmore\n--b\nContent-Type: text/plain\nContent-Disposition: attachment\n\n${'y'.repeat(size)}\n--b--\n`,
    );
  const cut = await readMail(mail(TEXT_BYTES_MAX));
  expect([cut.textCut, cut.text?.length, cut.attachments[0]?.content.length]).toEqual([
    true,
    TEXT_BYTES_MAX + 1,
    TEXT_BYTES_MAX + 1,
  ]);
  expect(await readMail(mail(1000))).toMatchObject({ textCut: false, text: expect.stringContaining('more') });
  expect((await readMail(mail(1000), 0)).text?.trim()).toBe('');
  const calendar = (size: number) => readMail(Buffer.from(`Content-Type: text/calendar\n\n${'x'.repeat(size)}`));
  await expect(calendar(CALENDAR_BYTES_MAX + 1)).rejects.toMatchObject({ code: 'mail-too-long' });
  expect((await calendar(1000)).attachments).toHaveLength(1);
});

it('a mail in a mail is read, down to a limit', async () => {
  const nested = (levels: number) =>
    Buffer.from(`${'Content-Type: message/rfc822\n\n'.repeat(levels)}Subject: inner\n\nbottom\n`);
  expect((await readMail(nested(3))).text).toContain('bottom');
  expect((await readMail(nested(4))).text ?? '').not.toContain('bottom');
  expect((await readMail(nested(4))).attachments).toHaveLength(1);
});
