import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError, BrokenSessionError } from '../../../src/core/errors.ts';
import { charsetOf } from '../../../src/protocols/ftp/charset.ts';
import { LISTING_BYTES_MAX, LISTING_ENTRIES_MAX, LISTING_LINE_BYTES_MAX } from '../../../src/protocols/ftp/limits.ts';
import { parseDosLine } from '../../../src/protocols/ftp/listing/dos.ts';
import { ListingReader } from '../../../src/protocols/ftp/listing/index.ts';
import { parseMlsdLine } from '../../../src/protocols/ftp/listing/mlsd.ts';
import { parseUnixLine } from '../../../src/protocols/ftp/listing/unix.ts';
import { everySplit, FUZZ_SEED } from '../../support/splits.ts';

const NOW = Date.UTC(2026, 0, 1, 0, 30);
const MINUTE = 60_000;
const DAY = 86_400_000;

describe('MLSD lines', () => {
  it.each([
    [
      'type=file;size=5;modify=20240229123456; a',
      { name: 'a', type: 'file', size: 5, modifiedAt: Date.UTC(2024, 1, 29, 12, 34, 56), precisionMs: 1_000 },
    ],
    ['Type=DIR;Size=4096;UNIX.mode=0755;  two blanks', { name: ' two blanks', type: 'folder', mode: 0o755 }],
    ['type=OS.unix=slink:/target; l', { name: 'l', type: 'link', target: '/target' }],
    ['type=OS.unix=symlink; l', { name: 'l', type: 'link' }],
    ['type=OS.unix=chr-1/3; n', { name: 'n', type: 'other' }],
    ['type=file;modify=20230230000000;size=x; a;b c', { name: 'a;b c', type: 'file' }],
    ['type=cdir; /here', 'skip'],
    ['type=pdir; ..', 'skip'],
    [' bare', { name: 'bare', type: 'other' }],
    ['type=file;', undefined],
    ['type=file; ', undefined],
    ['no facts', undefined],
  ])('%s', (line, expected) => expect(parseMlsdLine(line)).toEqual(expected));
});

describe('Unix lines', () => {
  const at = (...date: readonly [number, number, number?, number?]) => Date.UTC(2025, ...(date as [number, number]));
  it.each([
    [
      '-rw-r--r--   1 ftp      ftp             5 Dec 31 23:59 a',
      { name: 'a', type: 'file', size: 5, mode: 0o644, modifiedAt: at(11, 31, 23, 59), precisionMs: MINUTE },
    ],
    [
      '-rw-r--r--+  1 a b 5 Jan  1 12:00 ahead',
      { name: 'ahead', type: 'file', size: 5, mode: 0o644, modifiedAt: Date.UTC(2026, 0, 1, 12), precisionMs: MINUTE },
    ],
    [
      '-rw-r--r--   1 a b 5 Jan  3 12:00 old',
      { name: 'old', type: 'file', size: 5, mode: 0o644, modifiedAt: Date.UTC(2025, 0, 3, 12), precisionMs: MINUTE },
    ],
    [
      '-rw-r--r--   1 a b 5 Feb 29 12:00 leap',
      { name: 'leap', type: 'file', size: 5, mode: 0o644, modifiedAt: Date.UTC(2024, 1, 29, 12), precisionMs: MINUTE },
    ],
    [
      'drwxrwsr-t 2 a b 4096 Mar 14  2020 d',
      { name: 'd', type: 'folder', mode: 0o3775, modifiedAt: Date.UTC(2020, 2, 14), precisionMs: DAY },
    ],
    [
      'lrwxrwxrwx 1 a b 7 Mar 14  2020 l -> a -> b',
      { name: 'l', type: 'link', target: 'a -> b', mode: 0o777, modifiedAt: Date.UTC(2020, 2, 14), precisionMs: DAY },
    ],
    [
      '-rw-r--r-- 1 domain users 12345678 Mar 14  2020  lead',
      { name: ' lead', type: 'file', size: 12_345_678, mode: 0o644, modifiedAt: Date.UTC(2020, 2, 14), precisionMs: DAY },
    ],
    [
      '-rw-r--r-- 1 owner 12 Mar 14  2020 1 Jan 1 2001 x',
      { name: '1 Jan 1 2001 x', type: 'file', size: 12, mode: 0o644, modifiedAt: Date.UTC(2020, 2, 14), precisionMs: DAY },
    ],
    [
      'crw-rw-rw- 1 root root 1, 3 Mar 14  2020 null',
      { name: 'null', type: 'other', mode: 0o666, modifiedAt: Date.UTC(2020, 2, 14), precisionMs: DAY },
    ],
    [
      '-rw-r--r-- 1 a b 5 2024-02-29 12:34 iso',
      { name: 'iso', type: 'file', size: 5, mode: 0o644, modifiedAt: Date.UTC(2024, 1, 29, 12, 34), precisionMs: MINUTE },
    ],
    [
      '-rw-r--r-- 1 a b 5 14 Mar 2020 day first',
      { name: 'day first', type: 'file', size: 5, mode: 0o644, modifiedAt: Date.UTC(2020, 2, 14), precisionMs: DAY },
    ],
    ['-rw-r--r-- 1 a b 5 Mär 14 2020 localised', { name: 'localised', type: 'file', size: 5, mode: 0o644 }],
    ['total 12', 'skip'],
    ['02-25-26  10:33AM  5 dos', undefined],
    ['', undefined],
  ])('%s', (line, expected) => expect(parseUnixLine(line, NOW)).toEqual(expected));
});

describe('DOS lines', () => {
  it.each([
    [
      '02-25-26  10:33AM       <DIR>          web',
      { name: 'web', type: 'folder', modifiedAt: Date.UTC(2026, 1, 25, 10, 33), precisionMs: MINUTE },
    ],
    [
      '02-25-2026  12:05PM             1,024 a b',
      { name: 'a b', type: 'file', size: 1_024, modifiedAt: Date.UTC(2026, 1, 25, 12, 5), precisionMs: MINUTE },
    ],
    [
      '12-31-99  12:05AM                 7 x',
      { name: 'x', type: 'file', size: 7, modifiedAt: Date.UTC(1999, 11, 31, 0, 5), precisionMs: MINUTE },
    ],
    [
      '2026-02-25  22:33                 7 x',
      { name: 'x', type: 'file', size: 7, modifiedAt: Date.UTC(2026, 1, 25, 22, 33), precisionMs: MINUTE },
    ],
    [
      '02-25-26  10:33AM    <JUNCTION>     link [C:\\x]',
      { name: 'link', type: 'link', target: 'C:\\x', modifiedAt: Date.UTC(2026, 1, 25, 10, 33), precisionMs: MINUTE },
    ],
    ['drwxr-xr-x 1 a b 1 Jan 1 2020 x', undefined],
  ])('%s', (line, expected) => expect(parseDosLine(line)).toEqual(expected));
});

const reader = (dialect: 'mlsd' | 'list') =>
  new ListingReader({ dialect, decode: line => charsetOf(undefined).decode(line), now: NOW });

function read(dialect: 'mlsd' | 'list', chunks: readonly Buffer[]) {
  const one = reader(dialect);
  for (const chunk of chunks) one.push(chunk);
  return one.finish();
}

describe('ListingReader', () => {
  it('reads the same entries however the bytes are cut, LF or CRLF, a last line without its end', () => {
    const text =
      'total 3\r\ndrwxr-xr-x 1 a b 1 Mar 14 2020 .\r\n-rw-r--r-- 1 a b 5 Mar 14 2020 ü\n\r\n-rw-r--r-- 1 a b 6 Mar 14 2020 z';
    const entries = everySplit(
      Buffer.from(text),
      chunks => read('list', chunks),
      (a, b) => expect(a).toEqual(b),
    );
    expect(entries.map(entry => entry.name)).toEqual(['ü', 'z']);
  });

  it.each(['type=file; ../../etc/passwd', 'type=file; /abs', 'type=file; a\0b', 'rubbish'])('refuses %j', line =>
    expect(() => read('mlsd', [Buffer.from(`${line}\r\n`)])).toThrow(/cannot be read/));

  it('bounds entries and lines', () => {
    const one = reader('mlsd');
    const line = Buffer.from('type=file; a\r\n'.repeat(1_000));
    for (let sent = 0; sent < LISTING_ENTRIES_MAX; sent += 1_000) one.push(line);
    expect(() => one.push(Buffer.from('type=file; b\r\n'))).toThrow(/more than 200000/);
    expect(() => reader('mlsd').push(Buffer.alloc(LISTING_LINE_BYTES_MAX + 2, 0x61))).toThrow(BrokenSessionError);
  });

  it('bounds what is no entry, and entries of long names', () => {
    const long = 'x'.repeat(16_000);
    for (const line of [' '.repeat(16_000), `type=cdir;x=${long}; .`, `type=dir;x=${long}; .`, `type=file; ${long}`]) {
      const one = reader('mlsd');
      const lines = Buffer.from(`${line}\r\n`.repeat(60));
      const most = Math.floor(LISTING_BYTES_MAX / lines.length);
      for (let sent = 0; sent < most; sent++) one.push(lines);
      one.push(lines.subarray(0, LISTING_BYTES_MAX - most * lines.length));
      expect(() => one.push(lines.subarray(0, 1))).toThrow(/more than 67108864 bytes/);
    }
  });

  it('throws nothing but its own errors, and lets no path through', () => {
    const piece = fc.oneof(
      fc.constantFrom('type=file;size=1; ', '-rw-r--r-- 1 a b 5 Mar 14 2020 ', '02-25-26  10:33AM 5 ', '..', '/', '\r\n'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.constantFrom('mlsd' as const, 'list' as const), fc.array(piece), (dialect, pieces) => {
        try {
          for (const { name } of read(dialect, [Buffer.from(pieces.join(''))])) {
            expect(name).not.toMatch(/^\.{1,2}$|[/\0\n]/);
            expect(name).not.toBe('');
          }
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
        }
      }),
      { seed: FUZZ_SEED, numRuns: 500 },
    );
  });
});
