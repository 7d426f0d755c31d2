import { describe, expect, it } from 'vitest';
import { nodeFiles } from '../../src/archive/files.ts';
import { Incoming } from '../../src/archive/incoming.ts';
import { JSON_LINE_BYTES_MAX, readJsonLines } from '../../src/archive/json-lines.ts';
import { FUZZ_SEED } from '../support/splits.ts';
import { sha256 } from './messages.ts';

describe('a message in pieces of one byte', () => {
  it('is kept in few pieces, and whole', async () => {
    const octets = Buffer.alloc(300_000, `seed ${FUZZ_SEED}\r\n`);
    const incoming = new Incoming({ files: nodeFiles, spoolPath: '/nowhere' });
    for (let at = 0; at < octets.length; at++) await incoming.push(octets.subarray(at, at + 1));
    const message = incoming.complete();
    const pieces: Buffer[] = [];
    for await (const piece of message.octets()) pieces.push(piece);
    expect(pieces.length).toBeLessThan(2_000);
    expect([sha256(Buffer.concat(pieces)), message.size]).toEqual([sha256(octets), octets.length]);
  });
});

describe('a file of JSON lines', () => {
  it('without any line end is read in little memory and time', async () => {
    const size = 400 * 1024 * 1024;
    const lines = [];
    for await (const line of readJsonLines(virtualFile(Buffer.from('{"a":1}\n'), size))) lines.push(line);
    expect(lines).toMatchObject([
      { value: { a: 1 }, offset: 0, length: 8, number: 1 },
      { value: undefined, offset: 8, length: size - 8, number: 2 },
    ]);
    expect(lines[1]?.bytes.length).toBeLessThan(1024 * 1024);
  });

  it('with a line at its limit and one past it', async () => {
    const atLimit = `"${'x'.repeat(JSON_LINE_BYTES_MAX - 2)}"\n`;
    const past = `"${'x'.repeat(JSON_LINE_BYTES_MAX - 1)}"\n`;
    const bytes = Buffer.from(`${atLimit.repeat(9)}${past}1\n`);
    const lines = [];
    for await (const line of readJsonLines(virtualFile(bytes, bytes.length))) lines.push(line);
    expect(lines.map(({ value }) => typeof value)).toEqual([...Array(9).fill('string'), 'undefined', 'number']);
    expect(lines.map(({ length }) => length).reduce((a, b) => a + b)).toBe(bytes.length);
    expect(lines.at(-1)?.offset).toBe(bytes.length - 2);
  });
});

/** `head`, then zeros. */
function virtualFile(head: Buffer, size: number) {
  return {
    async read(into: Buffer, position: number) {
      const count = Math.min(into.length, size - position);
      into.fill(0, 0, count);
      if (position < head.length) head.copy(into, 0, position);
      return count;
    },
    write: () => Promise.reject(new Error()),
    truncate: () => Promise.reject(new Error()),
    sync: () => Promise.reject(new Error()),
    size: async () => size,
    close: async () => undefined,
  };
}
