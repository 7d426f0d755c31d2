import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { safeFileName, withTag } from '../../../src/archive/attachments/file-name.ts';
import { FUZZ_SEED } from '../../support/splits.ts';

describe('the name of an attachment', () => {
  it.each([
    ['invoice.pdf', 'invoice.pdf'],
    ['Rechnung für März.pdf', 'Rechnung für März.pdf'],
    ['../../etc/passwd', 'passwd'],
    ['..\\..\\windows\\x.exe', 'x.exe'],
    ['C:\\a\\b.txt', 'b.txt'],
    ['/', 'attachment'],
    ['..', 'attachment'],
    ['.htaccess', 'htaccess'],
    ['-rf', 'rf'],
    ['CON', '_CON'],
    ['nul.txt', '_nul.txt'],
    ['a\0b\x1b[31m\n.pdf', 'a_b_[31m_.pdf'],
    ['evil\u202efdp.exe', 'evil_fdp.exe'],
    ['a:b*c?"d<e>f|g', 'a_b_c__d_e_f_g'],
    ['trailing. . ', 'trailing'],
    ['u\u0308.txt', '\u00fc.txt'],
    ['\ud800x', '\ufffdx'],
    ['', 'attachment'],
    [undefined, 'attachment'],
  ])('%j is saved as %j', (name, safe) => expect(safeFileName(name)).toBe(safe));

  it('is cut at whole characters, its extension kept', () => {
    expect(safeFileName(`${'ä'.repeat(200)}.pdf`)).toBe(`${'ä'.repeat(73)}.pdf`);
    expect(safeFileName(`${'x'.repeat(146)}.pdf`)).toBe(`${'x'.repeat(146)}.pdf`);
    expect(safeFileName(`${'x'.repeat(147)}.pdf`)).toBe(`${'x'.repeat(146)}.pdf`);
    expect(safeFileName(`a.${'x'.repeat(500)}`)).toHaveLength(150);
    expect([withTag('a.tar.gz', '1'), withTag('a', '1')]).toEqual(['a.tar-1.gz', 'a-1']);
  });

  it('is one plain name, whatever a mail says', () => {
    const piece = fc.oneof(
      fc.constantFrom('/', '\\', '..', '.', '\0', '~', ' ', 'con', '-', 'é', '\u202e', 'x.pdf'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece), parts => {
        for (const name of [safeFileName(parts.join('')), withTag(safeFileName(parts.join('')), 'f'.repeat(64))]) {
          expect(name).toMatch(/^[^\0-\x1f/\\:]+$/u);
          expect(name).not.toMatch(/^[.-]|[. ]$/);
          expect(Buffer.byteLength(name)).toBeLessThanOrEqual(215);
        }
      }),
      { seed: FUZZ_SEED, numRuns: 2_000 },
    );
  });
});
