// How many points of a fault campaign are tried: a spread of them by default, all with FAULTS=all, so many with FAULTS=N.

import type { RunOptions } from '../../../src/steps/pop3-archive/run.ts';

/** Small groups and windows: several commits and deletions happen while other messages arrive. */
export const SMALL_STEPS: RunOptions = { groupMessagesMax: 4, window: { commands: 8, unchecked: 3 } };

const DEFAULT = 40;

/** Of one test, in milliseconds: thousands of points take minutes. */
export const CAMPAIGN_LIMIT_MS = process.env['FAULTS'] === undefined ? 60_000 : 1_800_000;

/** Of 0..count-1, in order, the first and the last always among them. */
export function pointsOf(count: number, share = 1): readonly number[] {
  const wanted = process.env['FAULTS'] ?? '';
  const most = wanted === 'all' ? count : Math.ceil((Number(wanted) || DEFAULT) * share);
  if (count <= most) return Array.from({ length: count }, (_, at) => at);
  return Array.from({ length: most }, (_, at) => Math.round((at * (count - 1)) / (most - 1)));
}

const tried = new Map<string, number>();

export function count(campaign: string): void {
  tried.set(campaign, (tried.get(campaign) ?? 0) + 1);
}

export function tellPoints(): void {
  const total = [...tried.values()].reduce((sum, points) => sum + points, 0);
  const each = [...tried].map(([campaign, points]) => `${points} ${campaign}`).join(', ');
  console.log(`fault points tried: ${total} (${each}); FAULTS=all tries every one`);
}
