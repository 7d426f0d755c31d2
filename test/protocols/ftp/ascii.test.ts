import { describe, expect, it } from 'vitest';
import { textFromWire, textToWire } from '../../../src/protocols/ftp/ascii.ts';

async function* pieces(text: string, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size));
}

async function whole(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString();
}

describe.each([1, 2, 3, 100])('in pieces of %i', size => {
  it.each([
    ['', ''],
    ['a\nb\n', 'a\r\nb\r\n'],
    ['a\r\nb', 'a\r\nb'],
    ['\n\n', '\r\n\r\n'],
    ['a\rb\r', 'a\rb\r'],
  ])('%j goes out as %j', async (file, wire) => {
    expect(await whole(textToWire(pieces(file, size)))).toBe(wire);
  });

  it.each([
    ['', ''],
    ['a\r\nb\r\n', 'a\nb\n'],
    ['a\nb', 'a\nb'],
    ['\r\r\n\r', '\r\n\r'],
  ])('%j comes in as %j', async (wire, file) => {
    expect(await whole(textFromWire(pieces(wire, size)))).toBe(file);
  });
});
