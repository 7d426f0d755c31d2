import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReceiveBuffer } from '../../../src/protocols/wire/receive-buffer.ts';
import { everySplit, FUZZ_SEED } from '../../support/splits.ts';

function lines(chunks: readonly Buffer[], max = 100): { lines: string[]; rest: string } {
  const buffer = new ReceiveBuffer();
  const found: string[] = [];
  for (const chunk of chunks) {
    buffer.push(chunk);
    for (let line = buffer.takeLine(max); line !== undefined; line = buffer.takeLine(max)) found.push(line.toString('latin1'));
  }
  return { lines: found, rest: buffer.takeAll().toString('latin1') };
}

describe('ReceiveBuffer', () => {
  it.each([
    ['a\r\nb\r\n', ['a', 'b'], ''],
    ['a\nb\r\nrest', ['a', 'b'], 'rest'],
    ['\r\n\r\n', ['', ''], ''],
    ['a\rb\r\n', ['a\rb'], ''],
    ['\r', [], '\r'],
  ])('%j gives the same lines however it is cut', (text, expected, rest) => {
    const result = everySplit(Buffer.from(text), lines, (a, b) => expect(a).toEqual(b));
    expect(result).toEqual({ lines: expected, rest });
  });

  it('takes a line at the limit and refuses one byte more, complete or not', () => {
    expect(lines([Buffer.from(`${'x'.repeat(100)}\r\n`)]).lines).toEqual(['x'.repeat(100)]);
    expect(() => lines([Buffer.from(`${'x'.repeat(101)}\r\n`)])).toThrow(/more than 100 bytes/);
    expect(() => lines([Buffer.from(`${'x'.repeat(101)}\n`)])).toThrow(/more than 100 bytes/);
    expect(() => lines([Buffer.from('x'.repeat(102))])).toThrow(/more than 100 bytes/);
  });

  it('loses no byte (fuzz)', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), chunks => {
        const result = lines(
          chunks.map(chunk => Buffer.from(chunk)),
          10_000,
        );
        const input = Buffer.concat(chunks).toString('latin1');
        const parts = input.split('\n');
        const rest = parts.pop();
        expect(result).toEqual({ lines: parts.map(part => part.replace(/\r$/, '')), rest });
      }),
      { seed: FUZZ_SEED },
    );
  });
});
