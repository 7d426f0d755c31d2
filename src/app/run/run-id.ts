// Names of runs: sortable by time, short enough to type, unique by chance.
import type { Clock } from '../../core/clock.ts';
import type { Random } from '../../core/random.ts';

const DIGITS = 6;

/** `20261123-023000-4f2a9c`, in UTC. By chance that need not be unforeseeable: such bytes are milliseconds away when a command starts. */
export function newRunId(clock: Clock, random: Random): string {
  const stamp = new Date(clock.now())
    .toISOString()
    .replace(/[-:]|\.\d+Z$/g, '')
    .replace('T', '-');
  const lot = Math.floor(random.fraction() * 16 ** DIGITS);
  return `${stamp}-${lot.toString(16).padStart(DIGITS, '0')}`;
}
