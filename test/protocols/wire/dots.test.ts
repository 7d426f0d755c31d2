import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DotStuffer, DotUnstuffer } from '../../../src/protocols/wire/dots.ts';
import { everySplit, FUZZ_SEED } from '../../support/splits.ts';

function unstuff(chunks: readonly Buffer[]): { data: string; rest: string | undefined } {
  const decoder = new DotUnstuffer();
  const data: Buffer[] = [];
  let rest: Buffer | undefined;
  for (const chunk of chunks) {
    if (rest !== undefined) {
      rest = Buffer.concat([rest, chunk]);
      continue;
    }
    const result = decoder.push(chunk);
    data.push(...result.data);
    rest = result.rest;
  }
  return { data: Buffer.concat(data).toString('latin1'), rest: rest?.toString('latin1') };
}

function stuff(chunks: readonly Buffer[]): string {
  const encoder = new DotStuffer();
  return Buffer.concat([...chunks.map(chunk => encoder.push(chunk)), encoder.finish()]).toString('latin1');
}

describe('DotUnstuffer', () => {
  it.each([
    ['hello\r\n.\r\n', 'hello\r\n', ''],
    ['.\r\n', '', ''],
    ['..\r\n.\r\n', '.\r\n', ''],
    ['..a\r\n...\r\n.\r\n+OK next', '.a\r\n..\r\n', '+OK next'],
    ['a\n.\nb\r\n.\r\n', 'a\n.\nb\r\n', ''],
    ['a\r.\r\nb\r\n.\r\n', 'a\r.\r\nb\r\n', ''],
    ['a\r\n.\nb\r\n.\r\n', 'a\r\n\nb\r\n', ''],
    ['a\r\n.\rb\r\n.\r\n', 'a\r\n\rb\r\n', ''],
    ['a\r\n.\r\r\n.\r\n', 'a\r\n\r\r\n', ''],
    ['\r\r\n.\r\n', '\r\r\n', ''],
    ['\r\n.\r\n.\r\n', '\r\n', '.\r\n'],
    ['no end\r\n.', 'no end\r\n', undefined],
    ['no end\r\n.\r', 'no end\r\n', undefined],
  ])('%j is read the same however it is cut', (text, data, rest) => {
    const result = everySplit(Buffer.from(text, 'latin1'), unstuff, (a, b) => expect(a).toEqual(b));
    expect(result).toEqual({ data, rest });
  });
});

describe('DotStuffer', () => {
  it.each([
    ['', '.\r\n'],
    ['a', 'a\r\n.\r\n'],
    ['a\n', 'a\r\n.\r\n'],
    ['.\r\n', '..\r\n.\r\n'],
    ['a\n.\nb', 'a\r\n..\r\nb\r\n.\r\n'],
    ['a\r.\rb', 'a\r\n..\r\nb\r\n.\r\n'],
    ['a\r\n.b\r\n', 'a\r\n..b\r\n.\r\n'],
    ['\r\n\n\r', '\r\n\r\n\r\n.\r\n'],
  ])('%j becomes %j however it is cut', (text, expected) => {
    expect(everySplit(Buffer.from(text, 'latin1'), stuff, (a, b) => expect(a).toEqual(b))).toBe(expected);
  });

  it('hands on what is fit already as it is, without a copy', () => {
    const encoder = new DotStuffer();
    for (const text of ['a.b\r\nc..\r\n', 'd\r\n', 'no end', ' . \r\n']) {
      const chunk = Buffer.from(text);
      expect(encoder.push(chunk).buffer).toBe(chunk.buffer);
    }
    expect(encoder.doubled).toBe(0);
  });

  it('is undone by the unstuffer for every body and every cutting, and nothing ends the data early (fuzz)', () => {
    const nasty = fc.array(fc.constantFrom('.', '\r', '\n', '\r\n', '.\r\n', 'a', '\0', 'QUIT'), { maxLength: 30 });
    fc.assert(
      fc.property(nasty, fc.nat(40), (parts, at) => {
        const body = Buffer.from(parts.join(''), 'latin1');
        const wire = stuff([body.subarray(0, at), body.subarray(at)]);
        const canonical = body.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n');
        const ended = canonical === '' || canonical.endsWith('\r\n') ? canonical : `${canonical}\r\n`;
        expect(unstuff([Buffer.from(wire, 'latin1')])).toEqual({ data: ended, rest: '' });
        const encoder = new DotStuffer();
        const bytes = encoder.push(body.subarray(0, at)).length + encoder.push(body.subarray(at)).length;
        expect(bytes - encoder.doubled).toBe(canonical.length);
      }),
      { seed: FUZZ_SEED, numRuns: 2_000 },
    );
  });
});
