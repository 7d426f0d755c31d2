import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundGarbage, Column, HashTable, TextTable } from '../../src/core/memory.ts';

describe('a column', () => {
  it('gives back what it was given, across the seams of its pieces', () => {
    const column = new Column(Float64Array);
    for (let at = 0; at < 8_193 * 2; at++) column.push(at * 2 ** 20 + 0.5);
    expect([0, 8_191, 8_192, 16_385].map(at => column.get(at))).toEqual([0, 8_191, 8_192, 16_385].map(at => at * 2 ** 20 + 0.5));
    column.set(8_192, 7);
    expect(column.get(8_192)).toBe(7);
    expect(column.get(16_386)).toBeUndefined();
    expect(column.length).toBe(16_386);
  });
});

describe('a hash table', () => {
  it('tells rows of one hash apart', () => {
    const table = new HashTable();
    for (let row = 0; row < 3_000; row++) expect(table.add(row % 3)).toBe(row);
    expect(table.find(1, row => row === 2_998)).toBe(2_998);
    expect(table.find(1, row => row === 2_999)).toBeUndefined();
    expect(table.find(3, () => true)).toBeUndefined();
  });
});

describe('a table of texts', () => {
  it('numbers different texts as a Map does, whatever they hold', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 40 })), texts => {
        const table = new TextTable();
        const model = new Map<string, number>();
        for (const text of texts) {
          const row = model.get(text) ?? model.size;
          expect(table.find(text)).toBe(model.get(text));
          expect(table.add(text)).toBe(row);
          model.set(text, row);
        }
        expect([...model.keys()].map((_, row) => table.text(row))).toEqual([...model.keys()]);
        expect(table.size).toBe(model.size);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps a hundred thousand of them, and one that is longer than all before', () => {
    const table = new TextTable();
    for (let at = 0; at < 100_000; at++) table.add(`uid-${at}`);
    const long = 'ü'.repeat(70_000);
    expect(table.add(long)).toBe(100_000);
    expect(table.text(100_000)).toBe(long);
    expect([table.find('uid-0'), table.find('uid-99999'), table.find('uid-100000')]).toEqual([0, 99_999, undefined]);
  });
});

describe('the bound on garbage', () => {
  it('lets no heap grow beyond it by what nobody holds', () => {
    let most = 0;
    boundGarbage();
    const before = process.memoryUsage().arrayBuffers;
    // Four hundred megabytes, of which V8 alone would let dozens wait.
    for (let at = 0; at < 6_400; at++) {
      Buffer.allocUnsafeSlow(64 * 1024);
      boundGarbage();
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    expect(most).toBeLessThan(40 * 1024 ** 2);
  });
});
