// Messages that have broken archives before, and any bytes at all.
import { createHash } from 'node:crypto';
import fc from 'fast-check';

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Octets as a server could send them, named by their hazard. */
export const HAZARDS: Readonly<Record<string, Buffer>> = Object.fromEntries(
  Object.entries({
    empty: '',
    'one line end': '\r\n',
    plain: 'Subject: a\r\n\r\nbody\r\n',
    'From at the very start': 'From me\r\n\r\nFrom \r\n',
    'quoted From': '>From a\r\n>>>From b\r\nFrom: not quoted\r\n>From\r\n> From x\r\nFrom\r\n',
    'From after bare CR': 'a\rFrom b\r\n',
    'bare LF': 'a\nFrom b\n\nc\r\n',
    'bare CR': 'a\rb\r\r\n\r',
    'no final line end': 'a\r\nFrom b',
    'ends with CR': 'abc\r',
    'blank lines at the end': 'a\r\n\r\n\r\n\r\n',
    NUL: 'a\0b\r\n\0',
    '8-bit': '\xff\xfe\x00\xe4\r\n\xa0From x\r\n',
    'line ends of Unicode': 'a\x0b\x0c\x1c\x85\r\n',
    'long line': `${'x'.repeat(20_000)}\r\nFrom y\r\n`,
    'long run of quotes': `${'>'.repeat(5_000)}From z\r\n`,
    'header only': 'Subject: a\r\n',
  }).map(([name, text]) => [name, Buffer.from(text, 'latin1')]),
);

/** Bytes made of the pieces that matter. */
export const anyMessage = fc
  .array(fc.constantFrom('From ', 'From', 'Fro', 'F', '>', '>>', '\r\n', '\n', '\r', ' ', 'x', '\0', '\xff', '.'), {
    maxLength: 40,
  })
  .map(parts => Buffer.from(parts.join(''), 'latin1'));

/** The same bytes in random pieces. */
export function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map(place => Math.min(place, bytes.length)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => Buffer.from(bytes.subarray(at[index], end)));
}
