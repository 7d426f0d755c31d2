// Names of runs: sortable by time, short enough to type, unique by chance.
import type { Clock } from '../core/clock.ts';
import { type Random, randomHex } from '../core/random.ts';

/** `20261123-023000-4f2a9c`, in UTC. */
export function newRunId(clock: Clock, random: Random): string {
  const stamp = new Date(clock.now())
    .toISOString()
    .replace(/[-:]|\.\d+Z$/g, '')
    .replace('T', '-');
  return `${stamp}-${randomHex(random, 3)}`;
}
