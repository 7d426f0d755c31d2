import { expect, it } from 'vitest';
import { NumberedSizes, NumberedUids } from '../../../src/protocols/pop3/numbered.ts';

it.each([
  ['as almost every server numbers', [1, 2, 3, 4]],
  ['with gaps from the first on', [7, 8, 12]],
  ['with a gap later on', [1, 2, 5, 6]],
  ['in any order', [3, 1, 9_999_999_999, 2]],
])('answers as a Map does: numbers %s', (_, numbers) => {
  const [sizes, uids] = [new NumberedSizes(), new NumberedUids()];
  const [sizeMap, uidMap] = [new Map<number, number>(), new Map<number, string>()];
  for (const number of numbers) {
    sizes.set(number, number * 3);
    sizeMap.set(number, number * 3);
    uids.set(number, `uid ${number % 2}`);
    uidMap.set(number, `uid ${number % 2}`);
  }
  for (const number of [0, 0.5, -1, 10_000_000_000, ...numbers]) {
    expect([sizes.get(number), sizes.has(number)]).toEqual([sizeMap.get(number), sizeMap.has(number)]);
    expect(uids.get(number)).toBe(uidMap.get(number));
  }
  expect([...sizes]).toEqual([...sizeMap]);
  expect([[...sizes.keys()], [...uids.values()], sizes.size]).toEqual([[...sizeMap.keys()], [...uidMap.values()], sizeMap.size]);
  const seen: [number, string][] = [];
  uids.forEach((uid, number) => void seen.push([number, uid]));
  expect(seen).toEqual([...uidMap]);
});
