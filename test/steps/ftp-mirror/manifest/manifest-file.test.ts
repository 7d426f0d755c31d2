// The manifest as a file and as rows in a step's memory: every name survives, nothing else is believed, limits hold.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatManifest, type Manifest, parseManifest } from '../../../../src/steps/ftp-mirror/manifest/manifest.ts';
import { readRows, writeRows } from '../../../../src/steps/ftp-mirror/manifest/rows.ts';

const name = fc
  .string({ minLength: 1, maxLength: 12, unit: 'binary' })
  .filter(text => !/[/\r\n\0]/.test(text) && text !== '.' && text !== '..');
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map(names => names.join('/'));
const file = fc.record(
  { size: fc.nat(), modifiedAt: fc.integer(), shown: fc.option(fc.integer()), sha256: fc.stringMatching(/^[0-9a-f]{64}$/) },
  { noNullPrototype: true },
);

describe('the file', () => {
  test('whatever the names, it comes back as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(path, file)), fc.array(path), (files, folders) => {
        const manifest: Manifest = { files: new Map(files), folders: new Set(folders) };
        const again = parseManifest(formatManifest(manifest));
        expect(again.files).toEqual(manifest.files);
        expect(again.folders).toEqual(manifest.folders);
      }),
    );
  });

  test('__proto__ and a byte that is no UTF-8 are names like others', () => {
    const entry = { size: 1, modifiedAt: 2, shown: null, sha256: '0'.repeat(64) };
    const files = new Map([
      ['__proto__', entry],
      ['caf\udce9', entry],
    ]);
    expect(parseManifest(formatManifest({ files, folders: new Set() })).files).toEqual(files);
  });

  test('cut anywhere, or with any byte changed, it is refused', () => {
    const entry = { size: 1, modifiedAt: 2, shown: 3, sha256: 'a'.repeat(64) };
    const whole = formatManifest({
      files: new Map([
        ['a', entry],
        ['b/c', entry],
      ]),
      folders: new Set(['b']),
    });
    for (let at = 0; at < whole.length - 1; at++) {
      const cut = whole.subarray(0, at);
      expect(() => parseManifest(cut)).toThrow(/cannot be used/);
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 1;
      try {
        expect(parseManifest(changed)).toEqual(parseManifest(whole));
      } catch (error) {
        expect(String(error)).toMatch(/cannot be used|newer postrider|toEqual/);
        expect(String(error)).not.toContain('toEqual');
      }
    }
  });

  test.each(['../x', '/x', 'a//b', 'a/./b', 'a\r\nDELE b', 'a\0', '', 'x'.repeat(4_097)])('the path %j is refused', bad => {
    const entry = { size: 1, modifiedAt: 2, shown: 3, sha256: 'a'.repeat(64) };
    expect(() => parseManifest(formatManifest({ files: new Map([[bad, entry]]), folders: new Set() }))).toThrow(/makes no sense/);
    expect(() => parseManifest(formatManifest({ files: new Map(), folders: new Set([bad]) }))).toThrow(/makes no sense/);
  });
});

describe('rows', () => {
  const memory = () => {
    const values = new Map<string, unknown>();
    const ledger = {
      get: async (key: string) => values.get(key),
      put: async (key: string, value: unknown) => void values.set(key, value),
      delete: async (key: string) => void values.delete(key),
    };
    return { values, ledger };
  };

  test.each([0, 1, 20_000, 20_001, 45_000])('%i of them, replaced by fewer: nothing is left over', async count => {
    const { values, ledger } = memory();
    const rows = Array.from({ length: count }, (_, n) => n);
    await writeRows(ledger, 'k', { a: 1 }, rows);
    expect(await readRows(ledger, 'k')).toEqual({ head: { a: 1 }, rows });
    await writeRows(ledger, 'k', null, [1]);
    expect(await readRows(ledger, 'k')).toEqual({ head: null, rows: [1] });
    expect(values.size).toBe(2);
  });

  test('a write that dies in the middle leaves the old ones', async () => {
    const { ledger } = memory();
    await writeRows(ledger, 'k', 1, ['old']);
    let puts = 0;
    const dying = {
      ...ledger,
      put: async (key: string, value: unknown) => (++puts > 1 ? Promise.reject(new Error('killed')) : ledger.put(key, value)),
    };
    await expect(
      writeRows(
        dying,
        'k',
        2,
        Array.from({ length: 30_000 }, (_, n) => n),
      ),
    ).rejects.toThrow('killed');
    expect(await readRows(ledger, 'k')).toEqual({ head: 1, rows: ['old'] });
  });
});
