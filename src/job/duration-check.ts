// Durations that must not be nothing: a step without any time cannot run.
import { parseDuration } from '../core/units.ts';
import type { Raw } from './job.ts';
import type { Path, Problem } from './problem.ts';

/** Values that are no duration have been reported already. */
export function checkPositive(raw: Raw | undefined, path: Path): readonly Problem[] {
  if (typeof raw !== 'string' || parseDuration(raw) !== 0) return [];
  const hint = 'Write 15m, for example, or remove the key.';
  return [{ code: 'bad-duration', message: `\`${path.at(-1) ?? ''}\` must be longer than nothing`, hint, path }];
}
