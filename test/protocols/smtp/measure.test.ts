import { describe, expect, it } from 'vitest';
import { measure, PIECE_BYTES_MAX } from '../../../src/protocols/smtp/measure.ts';

describe('measure', () => {
  it.each([
    ['', 0, false, ''],
    ['a\r\nb', 4, false, 'a\r\nb'],
    ['.a\n.\rb', 8, false, '..a\r\n..\r\nb'],
    ['Gr\u00fc\u00dfe\r\n', 7, true, 'Gr\u00fc\u00dfe\r\n'],
  ])('counts %j as it will be read, dots once, and has it ready for the wire', (text, bytes, eightBit, wire) => {
    const measured = measure(Buffer.from(text, 'latin1'));
    expect(measured).toMatchObject({ bytes, eightBit });
    expect(measured.stuffed?.bytes.toString('latin1')).toBe(wire);
  });

  it('keeps a message of one piece, and of a longer one its size alone, whatever its pieces cut', () => {
    const whole = Buffer.from('.\r\n'.repeat(PIECE_BYTES_MAX)).subarray(0, PIECE_BYTES_MAX);
    expect(measure(whole).stuffed?.bytes.length).toBeGreaterThan(PIECE_BYTES_MAX);
    const longer = Buffer.from('.\r\n'.repeat(PIECE_BYTES_MAX)).subarray(0, 3 * (PIECE_BYTES_MAX / 2) + 2);
    expect(measure(longer)).toEqual({ bytes: longer.length + 1, eightBit: false, stuffed: undefined });
  });
});
