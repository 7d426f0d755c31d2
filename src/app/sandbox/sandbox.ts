// The sandbox as a command wants it: latency and faults given as text, seeded on request.
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { systemRandom } from '../../core/random.ts';
import { parseDuration } from '../../core/units.ts';
import { parseFault, type Sandbox, seedSandbox, startSandbox } from '../../sandbox/index.ts';

export interface SandboxRequest {
  readonly dir: string;
  readonly seed: boolean;
  readonly latency?: string | undefined;
  readonly faults: readonly string[];
  readonly onLine?: (server: string, direction: string, text: string) => void;
}

/** Throws AppError `usage` for a latency or fault that cannot be read. */
export async function openSandbox({ dir, seed, latency, faults, onLine }: SandboxRequest): Promise<Sandbox> {
  const latencyMs = latency === undefined ? 0 : parseDuration(latency);
  if (latencyMs === undefined) throw new AppError('usage', `--latency ${latency}: this is no duration`, { hint: 'Write 50ms.' });
  const options = {
    dir,
    latencyMs,
    faults: faults.map(parseFault),
    clock: systemClock,
    random: systemRandom,
    ...(onLine === undefined ? {} : { onLine }),
  };
  const sandbox = await startSandbox(options);
  if (seed) await seedSandbox(sandbox);
  return sandbox;
}
