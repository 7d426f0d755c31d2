import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REPLY_LINE_BYTES_MAX, REPLY_LINES_MAX } from '../../../src/protocols/wire/limits.ts';
import { ReceiveBuffer } from '../../../src/protocols/wire/receive-buffer.ts';
import { decodeText, type Reply, ReplyParser, type ReplyStyle } from '../../../src/protocols/wire/reply.ts';
import { everySplit, FUZZ_SEED } from '../../support/splits.ts';

function replies(style: ReplyStyle): (chunks: readonly Buffer[]) => { replies: Reply[]; rest: string } {
  return chunks => {
    const buffer = new ReceiveBuffer();
    const parser = new ReplyParser(style);
    const found: Reply[] = [];
    for (const chunk of chunks) {
      buffer.push(chunk);
      for (let line = buffer.takeLine(REPLY_LINE_BYTES_MAX); line !== undefined; line = buffer.takeLine(REPLY_LINE_BYTES_MAX)) {
        const reply = parser.push(line);
        if (reply !== undefined) found.push(reply);
      }
    }
    return { replies: found, rest: buffer.takeAll().toString() };
  };
}

describe('ReplyParser', () => {
  const cases: [ReplyStyle, string, Reply[], string][] = [
    ['ftp', '220 hello\r\n', [{ code: 220, lines: ['hello'] }], ''],
    ['ftp', '226-one\r\n226 x is no end of 220\r\n', [{ code: 226, lines: ['one', 'x is no end of 220'] }], ''],
    [
      'ftp',
      '220-a\r\n 226 inner\r\n220-b\r\n225 other\r\n220 end\r\n150 next',
      [{ code: 220, lines: ['a', ' 226 inner', 'b', '225 other', 'end'] }],
      '150 next',
    ],
    ['ftp', '200\r\n', [{ code: 200, lines: [''] }], ''],
    ['ftp', '211-Features:\n MDTM\n SIZE\n211 End\n', [{ code: 211, lines: ['Features:', ' MDTM', ' SIZE', 'End'] }], ''],
    ['smtp', '250-a\r\n250-b\r\n250 c\r\n', [{ code: 250, lines: ['a', 'b', 'c'] }], ''],
    [
      'smtp',
      '250 a\r\n354 go\r\n',
      [
        { code: 250, lines: ['a'] },
        { code: 354, lines: ['go'] },
      ],
      '',
    ],
    ['smtp', '250-a\r\n250\r\n', [{ code: 250, lines: ['a', ''] }], ''],
  ];
  it.each(cases)('%s %j is read the same however it is cut', (style, text, expected, rest) => {
    const result = everySplit(Buffer.from(text), replies(style), (a, b) => expect(a).toEqual(b));
    expect(result).toEqual({ replies: expected, rest });
  });

  it.each<[ReplyStyle, string]>([
    ['ftp', 'hello\r\n'],
    ['ftp', '2200 x\r\n'],
    ['ftp', '22 x\r\n'],
    ['ftp', '600 x\r\n'],
    ['ftp', '\r\n'],
    ['smtp', '250-a\r\n251 b\r\n'],
    ['smtp', '250-a\r\nfree text\r\n'],
  ])('%s refuses %j', (style, text) => {
    expect(() => replies(style)([Buffer.from(text)])).toThrow(/server/);
  });

  it('takes a reply of the most lines and refuses one more', () => {
    const reply = (inner: number) => Buffer.from(`220-start\r\n${'x\r\n'.repeat(inner)}220 end\r\n`);
    expect(replies('ftp')([reply(REPLY_LINES_MAX - 2)]).replies[0]?.lines).toHaveLength(REPLY_LINES_MAX);
    expect(() => replies('ftp')([reply(REPLY_LINES_MAX)])).toThrow(/does not end/);
  });

  it('bounds the bytes of one reply', () => {
    const line = `${'x'.repeat(8_000)}\r\n`;
    expect(() => replies('ftp')([Buffer.from(`220-a\r\n${line.repeat(40)}220 end\r\n`)])).toThrow(/does not end/);
  });

  it('never throws anything but its own errors (fuzz)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom<ReplyStyle>('ftp', 'smtp'), (bytes, style) => {
        try {
          for (const reply of replies(style)([Buffer.from(bytes)]).replies) expect(reply.lines.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toMatchObject({ name: 'BrokenSessionError' });
        }
      }),
      { seed: FUZZ_SEED },
    );
  });
});

describe('decodeText', () => {
  it('reads UTF-8 where it is UTF-8, else Latin-1', () => {
    expect(decodeText(Buffer.from('Grüße'))).toBe('Grüße');
    expect(decodeText(Buffer.from('Grüße', 'latin1'))).toBe('Grüße');
    expect(decodeText(Buffer.from('\ufeffx'))).toBe('\ufeffx');
  });
});
