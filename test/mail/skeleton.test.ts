import fc from 'fast-check';
import { expect, it } from 'vitest';
import { withoutAttachments } from '../../src/mail/skeleton.ts';
import { FUZZ_SEED } from '../support/splits.ts';

const bare = (mail: string) => withoutAttachments(Buffer.from(mail, 'latin1')).toString('latin1');

it('drops the bodies of base64 parts that are no text, and nothing else', () => {
  const head = 'Subject: a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n';
  const pdf = 'Content-Type: application/pdf;\r\n name=x.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n';
  const text = 'content-transfer-encoding: BASE64\ncontent-type: text/plain\n\nSGVsbG8=\n';
  expect(bare(`${head}${pdf}QUJD\r\nQUJD\r\n--b\r\n${text}--b--\r\nend`)).toBe(`${head}${pdf}--b\r\n${text}--b--\r\nend`);
  expect(bare(`${pdf}QUJD\r\n`)).toBe(pdf);
  expect(bare(`${head}${pdf}QUJD`)).toBe(head + pdf);
  for (const whole of ['', '\r\n', 'no header', `${head}${text}--b--`, 'Subject: a\n\n-- \nme\n--\n\n'])
    expect(bare(whole)).toBe(whole);
});

it('keeps any mail without such parts, and takes a hostile one in linear time', () => {
  const piece = fc.constantFrom(
    '\n--',
    '--b',
    '\r\n',
    '\n',
    'Content-Type: text/plain',
    'x',
    ':',
    'Content-Transfer-Encoding: base64',
  );
  fc.assert(
    fc.property(fc.string({ unit: piece }), mail => {
      expect(bare(mail)).toBe(mail);
    }),
    { seed: FUZZ_SEED, numRuns: 500 },
  );
  for (const piece of ['\n--', '\n--\n\n', 'content-type: a/', 'x'])
    expect(bare(piece.repeat(5_000_000 / piece.length)).length).toBeGreaterThan(4_000_000);
});
