// The body of a mail that is piped in.
import { expect, it } from 'vitest';
import { BODY_BYTES_MAX, readBody } from '../../../src/app/smtp/send.ts';

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
