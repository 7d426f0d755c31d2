// A rate that all sessions share: each asks before it moves bytes, and waits for its turn.
import type { Clock } from '../../../core/clock.ts';

export interface Bandwidth {
  /** How much to move at once, so that no wait is long enough for a server to lose patience. */
  readonly chunkBytes: number;
  /** Resolves when `bytes` may move, undefined: now; rejects with CancelledError when `signal` aborts. */
  take(bytes: number, signal: AbortSignal): Promise<void> | undefined;
}

/** Unused time is saved up to this much, so that one slow disk read does not lower the rate. */
const BURST_MS = 250;
const CHUNK_BYTES_MAX = 512 * 1024;
const CHUNK_BYTES_MIN = 1024;

export function makeBandwidth(bytesPerSecond: number | undefined, clock: Clock): Bandwidth {
  if (bytesPerSecond === undefined) return { chunkBytes: CHUNK_BYTES_MAX, take: () => undefined };
  const rate = Math.max(1, bytesPerSecond);
  let free = clock.elapsed();
  return {
    chunkBytes: Math.min(CHUNK_BYTES_MAX, Math.max(CHUNK_BYTES_MIN, Math.floor(rate / 4))),
    async take(bytes, signal) {
      const now = clock.elapsed();
      const start = Math.max(free, now - BURST_MS);
      free = start + (bytes / rate) * 1_000;
      if (start > now) await clock.sleep(start - now, signal);
    },
  };
}
