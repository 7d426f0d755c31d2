import { describe, expect, it } from 'vitest';
import { base64Lines, base64LinesSize } from '../../src/mail/base64-lines.ts';
import { readMail } from '../../src/mail/read.ts';
import { streamMail } from '../../src/mail/stream.ts';

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const list: Uint8Array[] = [];
  for await (const chunk of chunks) list.push(chunk);
  return Buffer.concat(list);
}

describe('base64 in lines', () => {
  it.each([
    0,
    1,
    2,
    3,
    56,
    57,
    58,
    114,
    57 * 2_048 - 1,
    57 * 2_048,
    57 * 2_048 + 1,
    300_000,
  ])('%i octets, in any pieces', async size => {
    const bytes = Buffer.from(Array.from({ length: size }, (_, index) => (index * 7) % 256));
    const wanted = bytes.toString('base64').replace(/.{76}(?=.)/g, '$&\r\n');
    for (const piece of [size + 1, 1_000, 57]) {
      expect((await all(base64Lines(pieces(bytes, piece), size, 'f'))).toString() === wanted).toBe(true);
    }
    expect(base64LinesSize(size)).toBe(wanted.length);
  });

  it('cuts a file that grew, and refuses one that shrank', async () => {
    const bytes = Buffer.from('0123456789');
    expect((await all(base64Lines(pieces(bytes, 4), 6, 'f'))).toString()).toBe(Buffer.from('012345').toString('base64'));
    await expect(all(base64Lines(pieces(bytes, 4), 11, 'f'))).rejects.toMatchObject({ code: 'attachment-changed' });
  });
});

describe('a streamed mail', () => {
  const draft = {
    from: { name: '', address: 'a@x.org' },
    to: [{ name: '', address: 'b@x.org' }],
    ...{ cc: [], replyTo: [], subject: 'hi', text: 'see below', html: '<img src="cid:logo@x">', messageId: '<1@x.org>', date: 0 },
    ...{ headers: {}, autoSubmitted: false },
  };

  it('is as big as it says, the same each time, and reads as it was meant', async () => {
    const [big, logo] = [Buffer.alloc(200_000, 'abc'), Buffer.from([1, 2, 3])];
    const mail = await streamMail({
      ...draft,
      attachments: [
        { name: 'logo.png', size: 3, content: () => pieces(logo, 2), contentId: 'logo@x' },
        { name: 'big.bin', size: big.length, content: () => pieces(big, 999) },
        { name: 'empty.txt', size: 0, content: () => pieces(Buffer.alloc(0), 1) },
      ],
    });
    const whole = await all(mail.chunks());
    expect([whole.length, whole.equals(await all(mail.chunks()))]).toEqual([mail.size, true]);
    expect(
      Math.max(
        ...whole
          .toString('latin1')
          .split('\r\n')
          .map(line => line.length),
      ),
    ).toBeLessThanOrEqual(998);
    const { attachments, text } = await readMail(whole);
    expect(attachments.map(({ name, content }) => [name, content.length])).toEqual([
      ['logo.png', 3],
      ['big.bin', 200_000],
      ['empty.txt', 0],
    ]);
    expect([attachments[1]?.content.equals(big), text?.trim()]).toEqual([true, 'see below']);
    expect(whole.includes('\r\nContent-Id: <logo@x>') || whole.includes('\r\nContent-ID: <logo@x>')).toBe(true);
  });
});
