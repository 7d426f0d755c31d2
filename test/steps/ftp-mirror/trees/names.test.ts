import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { check, toJsonSchema } from '../../../../src/core/schema.ts';
import { describeMirror, mirrorSchema } from '../../../../src/steps/ftp-mirror/config.ts';
import { makeFilter, makeLastRank } from '../../../../src/steps/ftp-mirror/trees/filter.ts';
import {
  holdsUnsafeName,
  normalRemote,
  remotePath,
  siblingOf,
  unsafeLocalName,
  unsendableName,
} from '../../../../src/steps/ftp-mirror/trees/paths.ts';
import { isForeignTemp, isTempName, tempName } from '../../../../src/steps/ftp-mirror/trees/temp-name.ts';
import { settings } from '../rig.ts';

describe('names', () => {
  test.each(['', '.', '..', '../x', 'a/b', '/etc', 'a\\b', '..\\x', 'a\0b', 'C:x', 'c:'])('%j never reaches the disk', name => {
    expect(unsafeLocalName(name)).toBeTypeOf('string');
  });
  test.each(['a', '...', '.x', ' x ', '-rf', 'ünï', '12:30', '*?[]', '~'])('%j may', name => {
    expect(unsafeLocalName(name)).toBeUndefined();
  });
  test('line ends cannot be sent', () => {
    expect(['a\rb', 'a\nb', 'a\0'].map(unsendableName).every(why => why !== undefined)).toBe(true);
    expect(unsendableName('a b')).toBeUndefined();
  });
  test('a path is looked at whole as its names are one by one', () => {
    const letters = fc.constantFrom('.', '/', '\\', ':', 'C', '\0', '\n', 'é', '\ud83d', '\ude00');
    fc.assert(
      fc.property(fc.string({ unit: letters, maxLength: 9 }), path => {
        expect(holdsUnsafeName(path)).toBe(path.split('/').some(name => unsafeLocalName(name) !== undefined));
      }),
      { numRuns: 2_000 },
    );
  });

  test('remote paths', () => {
    expect(['/www//x/', '/', '//', './', 'a/./b/', '.'].map(normalRemote)).toEqual(['/www/x', '/', '/', '.', 'a/b', '.']);
    expect([remotePath('/', 'a'), remotePath('.', 'a/b'), remotePath('/w', ''), remotePath('w', 'a')]).toEqual([
      '/a',
      'a/b',
      '/w',
      'w/a',
    ]);
    expect([siblingOf('a/b/c', 'x'), siblingOf('a', 'x')]).toEqual(['a/b/x', 'x']);
  });
  test('temporary names: one for each content, recognised, others’ too', () => {
    const key = { path: '/a', size: 1, modifiedAt: 2 };
    const names = [key, { ...key, path: '/b' }, { ...key, size: 2 }, { ...key, modifiedAt: 3 }].map(tempName);
    expect(new Set(names).size).toBe(4);
    expect(names.every(isTempName)).toBe(true);
    expect(tempName({ ...key })).toBe(names[0]);
    expect(['.postrider-x.part', 'a.part', '.postrider-0123456789abcdef.part.txt'].some(isTempName)).toBe(false);
    expect(['.in.x.', '.pureftpd-upload.1a.2', '.nfs00000001'].every(isForeignTemp)).toBe(true);
    expect(['.in', '.index.', 'x.in.y.', '.nfs-notes'].some(isForeignTemp)).toBe(false);
  });
  test('filters and ranks', () => {
    const filter = makeFilter(['*.css', 'img/'], ['old/', '!old/keep', 'Secret']);
    expect(filter.includes('a/b.css', 'file')).toBe(true);
    expect(filter.includes('a.js', 'file')).toBe(false);
    expect(filter.includes('img/x/y.png', 'file')).toBe(true);
    expect(filter.excludes('a/old', 'folder')).toBe(true);
    expect(filter.excludes('a/old', 'file')).toBe(false);
    expect(filter.excludes('secret', 'file')).toBe(false);
    const rank = makeLastRank(['*.html', '/x', 'a/**/index.html']);
    expect(['a.css', 'b/c.html', 'a/b/index.html'].map(rank)).toEqual([0, 1, 3]);
  });
});

describe('settings', () => {
  test.each([
    [{ compare: 'manifest', direction: 'download' }, 'is for uploads'],
    [{ ascii: ['*.txt'], compare: 'hash' }, '`ascii` needs `compare: time-size`'],
    [{ atomic: false, commit: 'end' }, 'needs `atomic: true`'],
    [{ remote: '' }, ''],
    [{ 'max-delete': '101%' }, ''],
    [{ 'max-delete': -1 }, ''],
    [{ chmod: { files: '999' } }, ''],
    [{ chmod: { files: 888 } }, ''],
    [{ parallel: 0 }, ''],
    [{ bandwidth: 'fast' }, ''],
    [{ delete: 'yes' }, ''],
    [{ unknown: 1 }, ''],
  ])('%j is refused', (config, message) => {
    const result = check(mirrorSchema, { connection: 'web', direction: 'upload', local: 'a', remote: '/b', ...config });
    expect(result.ok).toBe(false);
    if (!result.ok) expect(JSON.stringify(result.issues)).toContain(message);
  });
  test('the rest, with modes as octal', () => {
    const config = settings({
      direction: 'upload',
      chmod: { files: 644, dirs: '0755' },
      'max-delete': '10%',
      bandwidth: '2MB/s',
    });
    expect(config).toMatchObject({ chmod: { files: 0o644, dirs: 0o755 }, bandwidth: 2 * 1024 ** 2, parallel: 8, atomic: true });
  });
  test('every field is described', () => {
    const { properties } = toJsonSchema(mirrorSchema) as { properties: Record<string, { description?: string }> };
    expect(Object.entries(properties).filter(([, field]) => field.description === undefined)).toEqual([]);
    expect(Object.keys(properties)).toHaveLength(21);
  });
  test('one line', () => {
    const base = { connection: 'web', local: './public', remote: '/www' };
    expect(describeMirror(settings({ ...base, direction: 'upload', delete: true }))).toBe(
      'upload ./public → web:/www (delete, atomic, 8 connections)',
    );
    expect(describeMirror(settings({ ...base, direction: 'download', parallel: 1, atomic: false }))).toBe(
      'download web:/www → ./public (1 connection)',
    );
  });
});
