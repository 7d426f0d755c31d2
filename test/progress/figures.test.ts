import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bar, chart, percent } from '../../src/progress/bar.ts';
import { formatTimeLeft, RATE_WINDOW_MS, SlidingRate, timeLeft } from '../../src/progress/rate.ts';
import { pad, truncate, truncateStart, widthOf, wrap } from '../../src/progress/width.ts';
import { FUZZ_SEED } from '../support/splits.ts';

const SEED = { seed: FUZZ_SEED };

describe('a bar', () => {
  it.each([
    [0, '░░░░'],
    [0.5, '██░░'],
    [0.53125, '██▏░'],
    [0.999, '███▉'],
    [1, '████'],
    [2, '████'],
    [-1, '░░░░'],
    [Number.NaN, '░░░░'],
  ])('of %d', (fraction, drawn) => expect(bar(fraction, 4)).toBe(drawn));

  it('is always as wide as asked', () => {
    const property = fc.property(fc.double(), fc.nat(200), (fraction, columns) => widthOf(bar(fraction, columns)) === columns);
    fc.assert(property, SEED);
  });

  it.each([
    [100, 100, '██████████'],
    [50, 100, '█████'],
    [55, 100, '█████▌'],
    [1, 1_000_000, '▏'],
    [0, 100, ''],
    [5, 0, ''],
    [200, 100, '██████████'],
  ])('in a column: %i of %i', (value, highest, drawn) => expect(chart(highest, 10)(value)).toBe(drawn));

  it('has 100 % only when all is done', () => {
    expect([percent(0), percent(0.999), percent(1), percent(3)]).toEqual(['0 %', '99 %', '100 %', '100 %']);
  });
});

describe('a rate', () => {
  it('is that of the last seconds', () => {
    const rate = new SlidingRate();
    expect(rate.perSecond(0)).toBeUndefined();
    rate.add(0, 0);
    rate.add(400, 400);
    expect(rate.perSecond(400)).toBeUndefined();
    rate.add(1_000, 1_000);
    expect(rate.perSecond(1_000)).toBe(1_000);
    for (let at = 2_000; at <= 20_000; at += 1_000) rate.add(at, 1_000 + (at - 1_000) / 2);
    expect(rate.perSecond(20_000)).toBeCloseTo(500);
  });

  it('sinks to nothing when nothing moves', () => {
    const rate = new SlidingRate();
    rate.add(0, 0);
    rate.add(1_000, 1_000);
    expect(rate.perSecond(4_000)).toBe(250);
    expect(rate.perSecond(1_001 + RATE_WINDOW_MS)).toBe(0);
  });

  it('starts afresh when a value shrinks or the clock goes back', () => {
    const rate = new SlidingRate();
    rate.add(0, 0);
    rate.add(1_000, 500);
    rate.add(2_000, 0);
    expect(rate.perSecond(2_000)).toBeUndefined();
    rate.add(3_000, 10);
    expect(rate.perSecond(3_000)).toBe(10);
    rate.add(100, 20);
    expect(rate.perSecond(100)).toBeUndefined();
  });

  it('gives the time left, or none', () => {
    expect(timeLeft(100, 10)).toBe(10_000);
    expect(timeLeft(-5, 10)).toBe(0);
    expect([timeLeft(100, 0), timeLeft(100, undefined)]).toEqual([undefined, undefined]);
    const texts = [0, 1, 59_000, 60_000, 185_000, 7_800_000, 359_999_000, 360_000_000].map(formatTimeLeft);
    expect(texts).toEqual(['0s', '1s', '59s', '1m 00s', '3m 05s', '2h 10m', '99h 59m', '> 99h']);
  });
});

describe('width', () => {
  it('is that of a terminal', () => {
    expect(['abc', 'grün', '日本', 'e\u0301', '🚀', '한', ''].map(widthOf)).toEqual([3, 4, 4, 1, 2, 2, 0]);
  });

  it('cuts at either end, never in the middle of a wide character', () => {
    expect([6, 4, 1, 0].map(columns => truncate('abcdef', columns))).toEqual(['abcdef', 'abc…', '…', '']);
    expect([6, 4, 1, 0].map(columns => truncateStart('abcdef', columns))).toEqual(['abcdef', '…def', '…', '']);
    expect([truncate('日本語', 4), truncateStart('日本語', 4), pad('日本語', 4)]).toEqual(['日…', '…語', '日… ']);
  });

  it('breaks lines between words, and words that are too long', () => {
    expect(wrap('a bb ccc dddd', 5)).toEqual(['a bb', 'ccc', 'dddd']);
    expect(wrap('abcdefghij k', 4)).toEqual(['abcd', 'efgh', 'ij k']);
    expect(wrap('', 4)).toEqual(['']);
  });

  it('never gives more than asked, and wrapping loses nothing', () => {
    const property = fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 2, max: 30 }), (text, columns) => {
      expect(widthOf(truncate(text, columns))).toBeLessThanOrEqual(columns);
      expect(widthOf(truncateStart(text, columns))).toBeLessThanOrEqual(columns);
      const lines = wrap(text, columns);
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
      expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
    });
    fc.assert(property, SEED);
  });
});
