import { expect, it } from 'vitest';
import { chart } from '../../src/progress/chart.ts';

it.each([
  [100, 100, '██████████'],
  [50, 100, '█████'],
  [55, 100, '█████▌'],
  [1, 1_000_000, '▏'],
  [0, 100, ''],
  [5, 0, ''],
  [200, 100, '██████████'],
])('%i of %i', (value, highest, bar) => expect(chart(highest, 10)(value)).toBe(bar));
