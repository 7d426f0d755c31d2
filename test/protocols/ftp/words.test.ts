import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { charsetOf } from '../../../src/protocols/ftp/charset.ts';
import { parseFeatures } from '../../../src/protocols/ftp/features.ts';
import { extendedPassivePort, extendedPortCommand, passivePort, portCommand } from '../../../src/protocols/ftp/passive.ts';
import { commandEncoder, quotedPath, sendable } from '../../../src/protocols/ftp/paths.ts';
import { quotable } from '../../../src/protocols/ftp/quote.ts';
import { formatTime, parseTime } from '../../../src/protocols/ftp/time.ts';
import { FUZZ_SEED } from '../../support/splits.ts';

describe('passive replies', () => {
  it.each([
    ['Entering Extended Passive Mode (|||6446|)', 6446],
    ['ok (!!!6446!)', 6446],
    ['|||21|', 21],
    ['(|1|192.0.2.1|6446|)', 6446],
    ['(|||0|)', undefined],
    ['(|||65536|)', undefined],
    ['(|||x|)', undefined],
    ['nothing', undefined],
  ])('EPSV %s', (text, port) => expect(extendedPassivePort(text)).toBe(port));

  it.each([
    ['Entering Passive Mode (127,0,0,1,4,1).', 1025],
    ['=127,0,0,1,4,1', 1025],
    ['Entering Passive Mode 10, 0, 0, 1, 4, 1', 1025],
    ['(0,0,0,0,255,255)', 65_535],
    ['(1,2,3,4,256,1)', undefined],
    ['(1,2,3,4,0,0)', undefined],
    ['(-1,2,3,4,5,6)', undefined],
    ['(1,2,3,4,5)', undefined],
  ])('PASV %s', (text, port) => expect(passivePort(text)).toBe(port));

  it('says where we listen', () => {
    expect(extendedPortCommand('::1', 70)).toBe('EPRT |2|::1|70|');
    expect(extendedPortCommand('::ffff:192.0.2.1', 6275)).toBe('EPRT |1|192.0.2.1|6275|');
    expect(portCommand('192.0.2.1', 6275)).toBe('PORT 192,0,2,1,24,131');
    expect(portCommand('::1', 70)).toBeUndefined();
  });

  it('never throws and never leaves the range of ports', () => {
    const text = fc.string({ unit: fc.constantFrom(...'|!(),0123456789 -') });
    fc.assert(
      fc.property(text, sample => {
        for (const port of [extendedPassivePort(sample), passivePort(sample)])
          expect(port ?? 1).toSatisfy((n: number) => n >= 1 && n <= 65_535);
      }),
      { seed: FUZZ_SEED },
    );
  });
});

describe('times', () => {
  it.each([
    ['20240229123456', Date.UTC(2024, 1, 29, 12, 34, 56), 1_000],
    ['20240229123456.5', Date.UTC(2024, 1, 29, 12, 34, 56, 500), 100],
    ['20240229123456.123', Date.UTC(2024, 1, 29, 12, 34, 56, 123), 1],
    ['19700101000000', 0, 1_000],
    ['191240229123456', Date.UTC(2024, 1, 29, 12, 34, 56), 1_000],
    [' 20240229123460', Date.UTC(2024, 1, 29, 12, 34, 59), 1_000],
  ])('%s', (text, at, precisionMs) => expect(parseTime(text)).toEqual({ at, precisionMs }));

  it.each(['', '20230229000000', '20241301000000', '20240101240000', '2024010100000', 'x'])('%j is none', text =>
    expect(parseTime(text)).toBeUndefined());

  it('reads what it writes', () => {
    const second = fc.integer({ min: Date.UTC(1900, 0, 1) / 1_000, max: Date.UTC(9999, 0, 1) / 1_000 });
    fc.assert(
      fc.property(second, at => {
        expect(parseTime(formatTime(at * 1_000))?.at).toBe(at * 1_000);
      }),
      { seed: FUZZ_SEED },
    );
  });
});

describe('names', () => {
  it('keeps every byte in UTF-8 and in single-byte charsets', () => {
    const bytes = fc.uint8Array({ maxLength: 40 });
    for (const label of [undefined, 'latin1', 'iso-8859-7', 'koi8-r', 'windows-1253']) {
      const charset = charsetOf(label);
      fc.assert(
        fc.property(bytes, sample => {
          expect([...charset.encode(charset.decode(sample))]).toEqual([...sample]);
        }),
        { seed: FUZZ_SEED },
      );
    }
  });

  it('refuses what the charset lacks, and charsets it does not know', () => {
    expect(() => charsetOf('latin1').encode('日')).toThrow(/lacks/);
    expect(() => charsetOf('klingon')).toThrow(/no known charset/);
    expect(() => charsetOf('shift_jis')).toThrow(/single-byte/);
    expect(() => charsetOf('utf-8').encode('\ud800')).toThrow(/lacks/);
  });

  it('doubles 0xFF and refuses line ends', () => {
    expect(commandEncoder(charsetOf('latin1'))('aÿb')).toBe('a\xff\xffb');
    for (const bad of ['', 'a\r\nDELE b', 'a\nb', 'a\0b']) expect(() => sendable(bad)).toThrow();
    expect(sendable('  two blanks ')).toBe('  two blanks ');
  });

  it.each([
    ['"/a ""b"" c" is current', '/a "b" c'],
    ['"/" ok', '/'],
    ['/plain is it', '/plain'],
    ['no path', undefined],
  ])('257 %s', (text, path) => expect(quotedPath(text)).toBe(path));

  it('lets by hand only what changes nothing of the session', () => {
    for (const bad of ['RETR x', 'pasv', 'TYPE A', 'auth tls', '', ' X']) expect(() => quotable(bad)).toThrow();
    expect(quotable('SITE PSWD a b').shown).toBe('SITE PSWD ****');
    expect(quotable('STAT').line).toBe('STAT');
  });
});

describe('FEAT', () => {
  it('reads names in any case, with and without the leading blank', () => {
    const lines = ['Features:', ' MLST type*;size*;Modify;', 'mfmt', ' REST STREAM', ' UTF8', ' HASH SHA-256*;MD5', 'End'];
    const features = parseFeatures({ code: 211, lines });
    expect(features).toMatchObject({ known: true, mlst: true, mfmt: true, rest: true, utf8: true, size: false });
    expect(features.facts).toEqual(['type', 'size', 'modify']);
    expect(features.hash).toEqual(['SHA-256', 'MD5']);
  });

  it('knows nothing where FEAT is unknown', () => {
    expect(parseFeatures({ code: 500, lines: ['no'] })).toMatchObject({ known: false, mlst: false, utf8: false });
  });
});
