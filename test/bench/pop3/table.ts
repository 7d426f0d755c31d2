// Prints what was measured, as ratios to postrider, and whether the bounds were kept.

export interface Result {
  readonly name: string;
  /** Medians over the rounds; undefined: not measured. */
  readonly seconds: number;
  readonly again: number | undefined;
  readonly cpuSeconds: number;
  readonly peakMb: number;
  /** What is wrong, or undefined. */
  readonly wrong: string | undefined;
}

export interface Bound {
  readonly text: string;
  /** Undefined: what it speaks of was not measured. */
  readonly holds: (results: readonly Result[]) => boolean | undefined;
}

export function printCell(
  title: string,
  results: readonly Result[],
  perMessage: ((seconds: number) => string) | undefined,
): void {
  const ours = results[0];
  console.log(`\n${title}`);
  for (const { name, seconds, again, cpuSeconds, peakMb, wrong } of results) {
    const ratio = ours === undefined || wrong !== undefined ? '' : `${(seconds / ours.seconds).toFixed(2)} ×`;
    const cells = [
      name.padEnd(14),
      `${seconds.toFixed(2)} s`.padStart(9),
      ratio.padStart(9),
      (perMessage?.(seconds) ?? '').padStart(14),
      again === undefined ? ''.padStart(19) : `nothing new ${again.toFixed(2)} s`.padStart(19),
      `cpu ${cpuSeconds.toFixed(1)} s`.padStart(12),
      `peak ${peakMb.toFixed(0)} MB`.padStart(12),
      wrong ?? 'every hash right',
    ];
    console.log(`  ${cells.join(' ')}`);
  }
}

/** True when none is broken. */
export function printBounds(bounds: readonly Bound[], results: readonly Result[]): boolean {
  let kept = true;
  for (const { text, holds } of bounds) {
    const verdict = holds(results);
    console.log(`  ${verdict === undefined ? 'not measured' : verdict ? 'kept' : 'MISSED'}: ${text}`);
    kept = kept && verdict !== false;
  }
  return kept;
}
