// The body of a mail that is piped in.
import { expect, it } from 'vitest';
import { BODY_BYTES_MAX, headerInBody, readBody } from '../../../src/app/smtp/send.ts';

async function* chunks(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

it('is UTF-8, wherever it is cut, and Latin-1 when it is not', async () => {
  const bytes = Buffer.from('Zürich ✓\n');
  for (let at = 0; at <= bytes.length; at++)
    expect(await readBody(chunks(bytes.subarray(0, at), bytes.subarray(at)))).toBe('Zürich ✓\n');
  expect(await readBody(chunks(Buffer.from('Zürich\n', 'latin1')))).toBe('Zürich\n');
  expect(await readBody(chunks())).toBe('');
});

it('has a limit', async () => {
  const most = Buffer.alloc(BODY_BYTES_MAX, 'x');
  expect(await readBody(chunks(most))).toHaveLength(BODY_BYTES_MAX);
  await expect(readBody(chunks(most, Buffer.from('x')))).rejects.toMatchObject({ code: 'message-too-big' });
});

it.each([
  ['Subject: s\n\nhi', ['Subject']],
  ['To: a@example.org,\r\n b@example.org\r\nX-Priority: 1\r\n\r\nhi\r\n', ['To', 'X-Priority']],
  ['Subject: s\nhi\n\nmore', undefined],
  ['Subject: all that there is\n\n', undefined],
  ['Disk: full\n\nhi', undefined],
  ['Hello\n\nSubject: s\n\nhi', undefined],
  ['\nSubject: s\n\nhi', undefined],
  ['', undefined],
])('the body %j begins with the header %j', (body, names) => {
  expect(headerInBody(body)).toEqual(names);
});
