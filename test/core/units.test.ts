import { describe, expect, it } from 'vitest';
import {
  durationText,
  formatCount,
  formatDuration,
  formatRate,
  formatSize,
  parseDuration,
  parseRate,
  parseSize,
} from '../../src/core/units.ts';

describe('units', () => {
  it.each([
    ['500ms', 500],
    ['5s', 5_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['5', undefined],
    ['5 s', undefined],
    ['-5s', undefined],
    ['5S', undefined],
    ['', undefined],
  ])('duration %j', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each([
    ['1B', 1],
    ['64KB', 65_536],
    ['2MB', 2_097_152],
    ['1GB', 1_073_741_824],
    ['1kb', undefined],
    ['1M', undefined],
  ])('size %j', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  it.each([
    ['2MB/s', 2_097_152],
    ['2MB', undefined],
  ])('rate %j', (text, rate) => expect(parseRate(text)).toBe(rate));

  it.each([
    [850, '850 ms'],
    [4_240, '4.2 s'],
    [760_000, '12m 40s'],
    [11_100_000, '3h 05m'],
    [187_200_000, '2d 4h'],
  ])('%i ms reads %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

  it.each([
    [0, '0 B'],
    [1_023, '1023 B'],
    [1_434, '1.4 KB'],
    [24_117_248, '23 MB'],
    [104_857_600, '100 MB'],
    [1_073_741_824, '1.0 GB'],
  ])('%i bytes read %s', (bytes, text) => expect(formatSize(bytes)).toBe(text));

  it.each([
    [30_000, '30s'],
    [90 * 86_400_000, '90d'],
    [90_000, '90s'],
    [5_400_000, '90m'],
    [1_500, '1500ms'],
  ])('%i ms is written %s, and read back', (ms, text) => {
    expect(durationText(ms)).toBe(text);
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    [0, '0 files'],
    [1, '1 file'],
    [2, '2 files'],
  ])('%i files are %s', (count, text) => expect(formatCount(count, 'files')).toBe(text));

  it('a rate is a size a second', () => expect(formatRate(2_097_152)).toBe('2.0 MB/s'));
});
